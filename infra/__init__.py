"""What runs under `pulumi up` and around it. A lower room never imports a higher one."""
