"""What the notebooks ask and say: a question a function, frames and texts out, no chart drawn.

Frames come at the grain that a chart takes (tenet.charts.resolution). Their day is the build's.
"""
