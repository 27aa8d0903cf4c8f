"""Files of painting programs: the picture in them, or their layers drawn."""
