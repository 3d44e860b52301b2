"""Texts that are answered by texts: what applications of encoder-decoders share.

data.py         pairs of a source and a target, encoded and cut into batches
model.py        what every model of them is: a state of the source, a step for each token of the target
recurrent.py    the encoder-decoder
search.py       writing targets with one trained model, or with several that answer as one
predict.py      the options of ``rnnbench predict`` that these applications have in common
pictures.py     what each token of a target looked at in the source
"""
