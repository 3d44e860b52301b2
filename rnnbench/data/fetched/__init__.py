"""What is fetched once into the cache: files of packages, checked by their checksums."""
