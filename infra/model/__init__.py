"""Pure data: what people write and what layers hand over. No Pulumi, no vCenter, no files."""
