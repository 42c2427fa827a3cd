"""A real inference server, llama.cpp's, with a tiny model of random weights made on the spot."""
