"""Makes a version of a model in MLflow's registry out of a run whose metric passes a threshold; else it fails.

Environment: RUN, MODEL, ARTIFACT, METRIC, THRESHOLD, BETTER (higher or lower), VERSION_FILE, and MLFLOW_TRACKING_URI.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path


def passes(value: float, threshold: float, better: str) -> bool:
    """Whether a metric is good enough; nothing that is no number is."""
    if math.isnan(value) or better not in ("higher", "lower"):
        return False
    return value >= threshold if better == "higher" else value <= threshold


def main() -> None:
    """Judge a run, and write the version that it has become."""
    import mlflow  # type: ignore[import-not-found]  # noqa: PLC0415 - it is in the step's image alone

    run, model, metric = os.environ["RUN"], os.environ["MODEL"], os.environ["METRIC"]
    if not run:
        sys.exit("the training told no run: it has to write its identifier to the file RUN_FILE")
    metrics = mlflow.MlflowClient().get_run(run).data.metrics
    if metric not in metrics:
        sys.exit(f"run {run} has no metric {metric}; it has: {', '.join(sorted(metrics)) or 'none'}")
    value, threshold, better = metrics[metric], float(os.environ["THRESHOLD"]), os.environ["BETTER"]
    if not passes(value, threshold, better):
        sys.exit(f"{metric} is {value}, and has to be {threshold} or {better}: {model} gets no new version")
    tags = {"metric": metric, "value": str(value), "threshold": str(threshold)}
    made = mlflow.register_model(f"runs:/{run}/{os.environ['ARTIFACT']}", model, tags=tags)
    Path(os.environ["VERSION_FILE"]).write_text(str(made.version), encoding="utf-8")
    print(f"{model} has version {made.version}: {metric} is {value}")


if __name__ == "__main__":
    main()
