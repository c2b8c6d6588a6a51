import Files
import Glibc
import Runs
import Tensors

/// The report as one HTML file that needs nothing else: pictures inline, no scripts, readable in light and dark, on paper and on a phone.
struct ReportPage {
  private let report: Report
  private let drawings: [Report.Drawing]
  private let logs: [(cell: Cell, log: String)]

  init(_ report: Report, _ drawings: [Report.Drawing], logs: [(Cell, String)]) {
    (self.report, self.drawings, self.logs) = (report, drawings, logs.map { (cell: $0.0, log: $0.1) })
  }

  func html() throws -> String {
    let results = report.results
    let suite = results.suite
    var body = ["<h1>\(suite.name.escaped)</h1>", "<p class=\"note\">\(counts.escaped)</p>"]
    var pictures = drawings.map { ($0.name, ReportPage.themed($0.svg, name: $0.name, title: $0.title)) }[...]
    func picture() { if let next = pictures.popFirst() { body.append("<figure>\(next.1)</figure>") } }
    for table in report.tables {
      body += ["<h2>\(table.title.escaped)</h2>", "<p class=\"note\">\(table.note.escaped)</p>"]
      if table.title == "Summary" { picture() }
      body.append(table.html)
      if table.title == "Tasks" {
        body.append("<h2>Learning curves</h2><p class=\"note\">Interquartile mean over runs, each run's evaluations joined by straight lines; bands are 95 % bootstrap intervals.</p>")
        while pictures.first?.0.hasPrefix("curve-") == true { picture() }
      }
      if table.title == "Probability of improvement", pictures.first?.0 == "profile" { picture() }
    }
    while !pictures.isEmpty { picture() }
    body += try failures() + provenance()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <link rel="icon" href="data:,">
      <title>\(suite.name.escaped)</title>
      <style>\(ReportPage.style)</style>
      </head>
      <body>
      \(body.joined(separator: "\n"))
      </body>
      </html>

      """
  }

  private var counts: String {
    let results = report.results
    let missing = results.missing.isEmpty ? "" : "; \(results.missing.count) of \(results.runs.count + results.missing.count) cells have no result, they are listed below"
    return "\(results.runs.count) finished runs: \(results.methods.count) method\(results.methods.count == 1 ? "" : "s"), \(results.tasks.count) task\(results.tasks.count == 1 ? "" : "s"), \(results.suite.seeds.count) seed\(results.suite.seeds.count == 1 ? "" : "s")\(missing)."
  }

  /// The last lines of every failed cell's log.
  private func failures() throws -> [String] {
    let failed = Set(report.results.missing.filter { $0.state == .failed }.map(\.cell.key))
    return try logs.filter { failed.contains($0.cell.key) }.map { cell, log in
      let lines = access(log, R_OK) == 0 ? try readText(log).split(separator: "\n").suffix(20).joined(separator: "\n") : "(no log)"
      return "<details><summary>\(cell.description.escaped)</summary><pre>\(lines.escaped)</pre></details>"
    }
  }

  /// What made the numbers.
  private func provenance() -> [String] {
    let runs = report.results.runs
    func all(_ value: (Manifest) -> String?) -> String { runs.compactMap { value($0.manifest) }.uniqued().joined(separator: "; ") }
    let suite = report.results.suite
    let rows = [
      ("program", all { "\($0.program) \($0.version)" }), ("script", "\(suite.script), SHA-256 \(all { $0.scriptSHA256 })"), ("revision", all(\.gitRevision)),
      ("grid", suite.grid.map { "\($0.key) = {\($0.values.joined(separator: ", "))}" }.joined(separator: "; ")), ("seeds", suite.seeds.map(String.init).joined(separator: ", ")),
      ("options", suite.options.map(\.argument).joined(separator: " ")), ("processor", all(\.processor)), ("instructions", all(\.instructionSet)),
      ("threads of a run", all { String($0.threads) }), ("modules", runs.flatMap { $0.manifest.modules.map { "\($0.key) \($0.value.prefix(12))" } }.uniqued().sorted().joined(separator: "; ")),
    ]
    let lines = rows.filter { !$0.1.isEmpty }.map { "<tr><th scope=\"row\">\($0.escaped)</th><td>\($1.escaped)</td></tr>" }
    return ["<h2>Manifest</h2>", "<div class=\"scroll\"><table class=\"manifest\"><tbody>\(lines.joined())</tbody></table></div>"]
  }

  /// A gnuplot picture in the page's own colours, as wide as the page lets it, its identifiers its own.
  static func themed(_ svg: String, name: String, title: String) -> String {
    guard let start = svg.firstRange(of: "<svg") else { return svg }
    var text = String(svg[start.lowerBound...])
    for (old, new) in [
      ("fill=\"#ffffff\"/>", "fill=\"none\"/>"), ("color=\"black\"", "color=\"currentColor\""), ("'black'", "'currentColor'"), ("fill=\"black\"", "fill=\"currentColor\""),
      ("'rgb(221, 221, 221)'", "'var(--grid)'"), ("font-family=\"sans\"", "font-family=\"system-ui, sans-serif\""), ("<title>Gnuplot</title>", "<title>\(title.escaped)</title>"),
      ("id='gp", "id='\(name)-gp"), ("'#gp", "'#\(name)-gp"), ("id=\"gnuplot_canvas\"", "id=\"\(name)-canvas\""), ("id=\"gnuplot_plot", "id=\"\(name)-plot"),
      ("id='textbox'", "id='\(name)-textbox'"), ("id='greybox'", "id='\(name)-greybox'"), ("url(#textbox)", "url(#\(name)-textbox)"), ("url(#greybox)", "url(#\(name)-greybox)"),
      ("<svg ", "<svg role=\"img\" "),
    ] { text = text.replacing(old, with: new) }
    return text
  }

  private static let style = """
    :root { --ink: #1b1f24; --paper: #ffffff; --soft: #59636e; --grid: #d9dde2; --stripe: #f6f8fa; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #15181c; --soft: #9aa4af; --grid: #3a4149; --stripe: #1d2126; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1rem; max-width: 62rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
    h1 { font-size: 1.7rem; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .3rem; }
    .note { color: var(--soft); margin: .2rem 0 .8rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
    th, td { padding: .3rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
    th:first-child, td:first-child, .word, .manifest td, .manifest th { text-align: left; }
    .manifest td { white-space: normal; overflow-wrap: anywhere; } .manifest th { vertical-align: top; }
    tbody tr:nth-child(odd) { background: var(--stripe); }
    figure { margin: 1rem 0; overflow-x: auto; } figure svg { width: 100%; height: auto; min-width: 36rem; max-width: 50rem; display: block; }
    pre { overflow-x: auto; background: var(--stripe); padding: .7rem; font-size: .8rem; } summary { cursor: pointer; }
    @media print {
      :root { --ink: #000; --paper: #fff; --soft: #333; --grid: #bbb; --stripe: #fff; }
      body { max-width: none; font-size: 11px; padding: 0; } figure, tr { break-inside: avoid; } figure svg { min-width: 0; } h2 { break-after: avoid; } .scroll { overflow: visible; }
      th, td { white-space: normal; }
    }
    """
}
