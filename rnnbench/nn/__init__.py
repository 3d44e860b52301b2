"""Parts of networks that several applications share."""
