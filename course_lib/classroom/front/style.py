"""How the ledger page looks: on a screen, on a phone (each line becomes a block), on A4."""

STYLE = """
h2 { margin: 1.6em 0 .2em; font-size: 1.25em }
a { color: #0b57a4 }
nav ul { columns: 20em; padding-left: 1.2em }
.sum { margin: .2em 0 .6em }
.claims { table-layout: fixed }
.claims th:nth-child(1) { width: 9.5em } .claims th:nth-child(2) { width: 31% }
.claims th:nth-child(4) { width: 17% } .claims th:nth-child(5) { width: 11.5em }
table td:first-child { white-space: normal }
.claims caption, main caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
.claims td:first-child > span { font-weight: 600; padding-left: .5em; border-left: 4px solid; display: inline-block }
tr.row > th { background: #eef1f4; font-weight: 400; border-bottom: 1px solid #999; border-top: 2px solid #555 }
.row .pictures { float: right; display: flex; gap: 6px; flex-wrap: wrap; justify-content: end; max-width: 60% }
.row img { display: block; border: 1px solid #bbb; background: #fff; height: auto; max-width: 100% }
.kind { color: #444 }
tr.measured td { font-size: .87em; padding-top: .15em; padding-bottom: .15em }
tr.measured td:first-child > span { font-weight: 400 }
td:last-child, .where { color: #444 }
.seeds { font-size: .87em; padding-left: 1.2em; margin: .3em 0 0 }
.fails { color: #9c3606 }
@media screen and (max-width: 46em) {
  body { padding: .5em .8em }
  table { font-size: 14px }
  .claims, .claims tbody, .claims tr, .claims td, .claims tr.row > th { display: block; width: auto }
  .claims thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden }
  .claims td { border: 0; padding: .1em .4em }
  .claims td:empty { display: none }
  .claims tr { border-bottom: 1px solid #ccc; padding: .4em 0 }
  .claims tr.row { padding: 0 }
  .claims td:nth-child(n+4)::before { content: attr(data-label) ": "; color: #444 }
  .row .pictures { float: none; max-width: none; justify-content: start; margin-bottom: .4em }
  .row img { width: 120px }
  main th, main td { padding: .3em .4em }
}
@page {
  size: A4; margin: 14mm 12mm 16mm;
  @bottom-right { content: counter(page) " of " counter(pages); font: 8pt system-ui, sans-serif }
}
@media print {
  body { font-size: 8.5pt }
  a { color: inherit; text-decoration: none }
  h2 { break-after: avoid } .sum { break-after: avoid }
  nav { display: none }
  tr.row, tr.row > th { break-after: avoid }
  .row img { width: 30mm }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
"""
