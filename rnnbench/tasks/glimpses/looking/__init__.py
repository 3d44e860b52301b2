"""How a network looks: the retina, what it makes of a glimpse, and where it looks next."""
