"""How the ledger page looks: on a screen, on a phone (each line becomes a block), on A4."""

_HIDDEN = "position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden"
STYLE = f"""
h2 {{ margin: 1.6em 0 .2em; font-size: 1.25em }}
a {{ color: #0b57a4 }}
nav ul {{ columns: 24em; column-gap: 2.5em; padding-left: 1.2em }}
nav li {{ break-inside: avoid }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .2em 1.2em; margin: .6em 0 }}
dt {{ font-weight: 600 }} dd {{ margin: 0 }}
.sum {{ margin: .2em 0 .6em }}
table {{ width: auto }}
tbody th {{ border-bottom: 1px solid #ccc; white-space: nowrap }}
main td {{ overflow-wrap: break-word }}
td.number {{ text-align: left }}
main caption {{ {_HIDDEN} }}
.claims {{ table-layout: fixed; width: 100% }}
.claims thead th:nth-child(1) {{ width: 10% }} .claims thead th:nth-child(2) {{ width: 27% }}
.claims thead th:nth-child(3) {{ width: 25% }} .claims thead th:nth-child(4) {{ width: 15% }}
.claims td:first-child {{ white-space: normal }}
.claims td:first-child > span {{ display: inline-block; padding-left: .5em; border-left: 4px solid }}
tr.row > th {{ background: #eef1f4; font-weight: 400; white-space: normal; border-top: 2px solid #555 }}
.row .pictures {{ float: right; display: flex; flex-wrap: wrap; gap: 6px; max-width: 60%; margin-left: 1em }}
.row .pictures {{ justify-content: end }}
.row img {{ display: block; border: 1px solid #bbb; background: #fff; height: auto; max-width: 100% }}
tr.measured td {{ font-size: .87em; padding-top: .15em; padding-bottom: .15em }}
tr.measured td:first-child > span {{ font-weight: 400 }}
.claims td:last-child, .kind, .units {{ color: #444 }}
.seeds {{ font-size: .87em; padding-left: 1.2em; margin: .3em 0 0 }}
.fails {{ color: #9c3606 }}
@media screen and (max-width: 46em) {{
  body {{ padding: .5em .8em }}
  dl {{ display: block }} dd {{ margin: 0 0 .4em 1em }}
  table {{ font-size: 14px }}
  .plain {{ table-layout: fixed; width: 100% }} .plain td {{ overflow-wrap: anywhere }}
  .plain th:first-child {{ width: 3.2em }} .plain th:last-child {{ width: 20% }}
  main th, main td {{ padding: .3em .4em }}
  .claims, .claims tbody, .claims tr, .claims td, .claims tr.row > th {{ display: block; width: auto }}
  .claims thead {{ {_HIDDEN} }}
  .claims tr {{ border-bottom: 1px solid #ccc; padding: .4em 0 }}
  .claims tr.row {{ padding: 0 }}
  .claims td {{ border: 0; padding: .1em .4em }}
  .claims td:empty {{ padding: 0 }}
  .claims td:nth-child(n+4):not(:empty)::before {{ content: attr(data-label) ": "; color: #444 }}
  .row .pictures {{ float: none; max-width: none; justify-content: start; margin: 0 0 .4em }}
  .row img {{ width: 120px }}
}}
@page {{
  size: A4; margin: 14mm 12mm 16mm;
  @bottom-right {{ content: counter(page) " of " counter(pages); font: 8pt system-ui, sans-serif }}
}}
@media print {{
  body {{ font-size: 8.5pt; line-height: 1.3 }}
  th, td {{ padding: .2em .4em }}
  table {{ margin: .4em 0 1em }}
  a {{ color: inherit; text-decoration: none }}
  h2, .sum, tr.row {{ break-after: avoid }}
  nav, .screen {{ display: none }}
  .row img {{ width: 26mm }}
  * {{ print-color-adjust: exact; -webkit-print-color-adjust: exact }}
}}
"""
