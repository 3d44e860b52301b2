"""What a captioner has to beat."""
