"""What a recurrent network remembers, and how gradients flow through it: for any cell, by `step` alone.

Gradients and Jacobians are those of a cell over time, within its layer: what a layer hands up to others, and what
comes back, is in the gradients of its outputs. All numbers are computed in float64 on the CPU, by the plain loop over
`step`, so that no engine, no device and no precision of the training changes them.
"""
