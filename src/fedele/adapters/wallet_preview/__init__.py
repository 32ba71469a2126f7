"""A card as a phone would show it, without a phone: laid out, measured and drawn from the pass.json that is signed.

`faces.py` lays the document out in points (pure; `wallet doctor` asks it what is cut off), `drawing.py` paints that
to pixels. Letters are Rubik's (OFL): Latin, Cyrillic and Arabic in one family, a little wider than the phone's own,
so that what fits here fits there. Arabic is shaped and ordered by HarfBuzz and FriBidi, which come inside Pillow.
"""
