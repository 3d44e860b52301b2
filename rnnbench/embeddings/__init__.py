"""Learning vectors of words from a stream of text.

windows.py      what of the stream is learned from: kept words, each with those around it
draws.py        random numbers by place, so that no order of reading changes them
outputs.py      how a word is predicted: huffman.py, noise.py
subwords.py     words as bags of strings
network.py      the definition: CBOW and skip-gram by autograd
native.py       the same as native code, pass.cpp
counted.py      vectors that are counted rather than learned
"""
