"""Theme: what all controls of a panel share: one column of labels, above the controls where it is narrow."""

from __future__ import annotations

_RULES = """
.fox-nb-panel{--fox-label-width:9.5em;max-width:860px;padding:2px 0 6px;gap:4px;overflow:visible}
.fox-nb-panel .fox-nb-panel{padding:0}
.fox-nb-panel .fox-label{text-align:left}
.fox-nb-panel .widget-html,.fox-nb-panel .widget-html-content{height:auto;min-height:0;margin:0;overflow:visible}
.fox-nb-panel .widget-vbox,.fox-nb-panel .jupyter-widgets{overflow:visible}
.fox-nb-panel .widget-vbox{gap:4px}
"""

THEME = f"<style>{_RULES.replace(chr(10), '')}</style>"
"""Goes into a panel's first line; it concerns panels alone."""
