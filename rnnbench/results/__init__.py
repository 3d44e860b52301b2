"""What runs leave behind and how it is compared: reads files, and imports neither torch nor Lightning."""
