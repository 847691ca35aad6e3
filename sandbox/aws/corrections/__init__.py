"""One file, one way in which moto is laxer than AWS and the difference would hide an accident.

A correction is a class over moto's own response class: it refuses, or lets moto answer and mends what moto
left undone. It never rewrites bodies. `sandbox.aws.edition` stacks them.
"""
