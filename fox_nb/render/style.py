"""Style: the one block that every output carries, small and kept to ``.fox-nb``.

Text takes the page's own colour, and lines and surfaces are shares of it, so light and dark are right in JupyterLab,
VS Code, Colab and exports alike. Only the accents are Jupyter's variables, with fallbacks that have contrast on both.
Class names have a prefix of their own: Jupyter's pages know classes such as ``fa`` and ``box`` already.
"""

from __future__ import annotations

_RULES = """
.fox-nb{
--l:color-mix(in srgb,currentColor 20%,transparent);--s:color-mix(in srgb,currentColor 7%,transparent);
--a:var(--jp-brand-color1,#2f7fd0);--e:var(--jp-error-color1,#d32f2f);
font:14px/1.45 var(--jp-ui-font-family,system-ui,sans-serif);font-variant-numeric:tabular-nums;
max-width:1200px;padding:4px 2px 8px;overflow-wrap:anywhere}
.fox-nb p{margin:0 0 4px}
.fox-nb .fx-head{font-size:15px;line-height:1.35}
.fox-nb .fx-head strong{font-weight:600}
.fox-nb .fx-line,.fox-nb .fx-cap,.fox-nb small{font-size:13px}
.fox-nb .fx-line>span{display:inline-block}
.fox-nb .fx-dim{opacity:.74}
.fox-nb .fx-pill{display:inline-block;font-size:11px;line-height:17px;padding:0 8px;border:1px solid;border-radius:9px;
opacity:.74;vertical-align:2px;margin-left:4px;white-space:nowrap}
.fox-nb .fx-grid{display:grid;gap:14px 12px;align-items:start;margin:10px 0 6px}
.fox-nb .fx-pic{margin:0}
.fox-nb .fx-pic>summary{list-style:none;cursor:zoom-in;border-radius:6px}
.fox-nb .fx-pic>summary::-webkit-details-marker{display:none}
.fox-nb .fx-pic img{display:block;width:100%;max-width:100%;height:auto;border-radius:6px;background:var(--s)}
.fox-nb .fx-cap{display:block;margin-top:5px}
.fox-nb .fx-pic br{display:none}
.fox-nb .fx-pic[open]{grid-column:1/-1}
.fox-nb .fx-pic[open]>summary{cursor:zoom-out}
.fox-nb .fx-pic[open] img{width:min(100%,1000px,85vh*var(--r,1))}
.fox-nb :focus-visible,.fox-nb input:focus-visible+label{outline:2px solid var(--a);outline-offset:2px}
.fox-nb .fx-code>summary{display:list-item;cursor:pointer;font-size:13px;width:max-content;border-radius:3px}
.fox-nb pre{margin:6px 0;padding:10px 12px;border:1px solid var(--l);border-radius:6px;background:var(--s);
font-size:13px;overflow-x:auto;white-space:pre-wrap}
.fox-nb code{font-family:var(--jp-code-font-family,monospace);background:0 0;color:inherit;padding:0}
.fox-nb a{color:inherit;text-decoration:underline}
.fox-nb progress{appearance:none;display:block;width:100%;max-width:560px;height:6px;margin:7px 0;
border:0;border-radius:3px;background:var(--l);overflow:hidden}
.fox-nb progress::-webkit-progress-bar{background:0 0}
.fox-nb progress::-webkit-progress-value{background:var(--a)}
.fox-nb progress::-moz-progress-bar{background:var(--a)}
.fox-nb .fx-box{border-left:3px solid var(--l);padding:2px 0 2px 12px}
.fox-nb .fx-bad{border-color:var(--e)}
.fox-nb ol,.fox-nb ul{margin:6px 0;padding-left:20px}
.fox-nb .fx-wide{overflow-x:auto}
.fox-nb table{table-layout:auto;border-collapse:collapse;margin:6px 0;font-size:13px;width:100%}
.fox-nb tbody tr:nth-child(n){background:0 0}
.fox-nb.fox-nb th,.fox-nb.fox-nb td{text-align:left;vertical-align:middle;padding:5px 14px 5px 0;max-width:none;
border:0;border-bottom:1px solid var(--l);white-space:nowrap}
.fox-nb.fox-nb th{font-weight:400;opacity:.74}
.fox-nb.fox-nb .fx-text{white-space:normal;min-width:200px;width:60%}
.fox-nb.fox-nb .fx-num{text-align:right}
.fox-nb td img{display:block;max-width:none;margin:0;border-radius:4px}
"""

STYLE = f"<style>{_RULES.replace(chr(10), '')}</style>"
"""The block itself; a test holds it below 3 kB."""
