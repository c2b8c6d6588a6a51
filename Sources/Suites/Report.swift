import FoundationEssentials
import Files
import Glibc
import Runs
import Tensors

/// What a suite's results say, with intervals, in words and pictures. The same results give the same report, whenever it is made.
public struct Report {
  public let results: Results
  public let tables: [ReportTable]
  /// With the name of the file each goes to.
  public let figures: [(name: String, figure: Figure)]
  private let store: SuiteStore

  static let seed = 0

  /// A figure as it is drawn, once for the page and for its file.
  struct Drawing {
    let name: String
    let title: String
    let svg: String
  }

  public init(_ store: SuiteStore) throws {
    self.store = store
    results = try Results(store)
    guard !results.runs.isEmpty else { throw UsageError("no cell of '\(store.path)' has finished, so there is nothing to report") }
    let summary = try results.summaryTable()
    tables = [summary.table, try results.taskTable()] + (try results.improvementTable().map { [$0] } ?? []) + [try results.costTable()]
      + (results.missing.isEmpty ? [] : [results.missingTable(store)])
    figures = [("summary", summary.figure)] + (try results.curveFigures()) + (try results.profileFigure().map { [("profile", $0)] } ?? [])
  }

  /// Writes report.html, report.md, report.tex, a CSV file for each table and an SVG and a PNG file for each figure into `folder`, all or nothing.
  public func write(to folder: String) throws {
    let drawings = try figures.map { name, figure in Drawing(name: name, title: figure.title, svg: try figure.svg()) }
    let page = try ReportPage(self, drawings, logs: results.missing.map { ($0.cell, store.log(of: $0.cell)) }).html()
    try AtomicFile.replaceFolder(folder) { temporary in
      try AtomicFile.write(page, to: temporary + "/report.html")
      try AtomicFile.write("# \(results.suite.name)\n\n" + tables.map(\.markdown).joined(separator: "\n"), to: temporary + "/report.md")
      try AtomicFile.write(tables.map(\.latex).joined(separator: "\n"), to: temporary + "/report.tex")
      for table in tables { try AtomicFile.write(table.csv, to: "\(temporary)/\(Report.fileName(table.title)).csv") }
      for drawing in drawings { try AtomicFile.write(drawing.svg, to: "\(temporary)/\(drawing.name).svg") }
      for (name, figure) in figures { try figure.write(to: "\(temporary)/\(name).png") }
    }
  }

  static func fileName(_ title: String) -> String {
    String(title.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
  }
}
