"""Coverage-guided fuzz targets, one file for each room that reads untrusted bytes."""
