import Files
import Foundation
import Runs
import Tensors
import Testing

@testable import Suites

@Suite struct ReportTests {
  @Test func tablesSayWhatWasMeasured() throws {
    try withFolder { folder in
      let report = try Report(finishedStore(folder))
      let summary = report.tables[0]
      #expect(summary.columns.last == "optimality gap" && summary.rows.map { $0[0] } == ["x", "y <b>"] && summary.rows.allSatisfy { $0[1] == "6" })
      #expect(summary.rows[0][2] == "0.220" && summary.rows[0][4] == "0.220" && summary.rows[0][7] == "0.780" && summary.rows[1][2] == "0.420")
      #expect(report.tables[1].rows[0].prefix(4) == ["A", "x", "3", "0.220"] && report.tables[1].rows[3].prefix(4) == ["B", "y <b>", "3", "42.00"])
      #expect(report.tables[2].title == "Probability of improvement" && report.tables[2].rows[0][2] == "0.000 [0.000, 0.000]" && report.tables[2].rows[1][1] == "1.000 [1.000, 1.000]")
      #expect(report.tables[3].rows[0][4] == "100.0")
      // The same results give the same report.
      #expect(try Report(SuiteStore(existing: folder + "/store")).tables.map(\.csv) == report.tables.map(\.csv))
    }
  }

  @Test func withoutACommonScaleNothingIsSummedUp() throws {
    try withFolder { folder in
      let report = try Report(finishedStore(folder, normalized: false))
      #expect(report.tables[0].columns == ["method", "n"] && report.tables[0].note.contains("no common scale"))
      #expect(!report.figures.contains { $0.name == "profile" })
    }
  }

  @Test func cellsWithoutAResultAreNamed() throws {
    try withFolder { folder in
      let store = try finishedStore(folder, leaving: 1)
      let report = try Report(store)
      let last = try #require(report.tables.last)
      #expect(last.title == "Cells without a result" && last.rows.count == 1 && last.rows[0][1] == "waits" && last.rows[0][2] == "env=B method=y <b> seed=3")
    }
  }

  @Test func curvesAreWhatWasMeasured() throws {
    try withFolder { folder in
      let results = try Results(finishedStore(folder))
      var random = RandomStream(seed: 0)
      let curve = try #require(try results.curve("x", "A", using: &random))
      #expect(curve.x == [0, 50, 100] && zip(curve.middle, [0, 0.11, 0.22]).allSatisfy { abs($0 - $1) < 1e-12 })
      #expect(curve.low[2] >= 0.21 - 1e-12 && curve.high[2] <= 0.23 + 1e-12 && curve.low[2] < curve.high[2])
    }
  }

  @Test func writesEveryForm() throws {
    try withFolder { folder in
      let report = try Report(finishedStore(folder))
      try report.write(to: folder + "/report")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/report").sorted()
      #expect(names.contains("report.html") && names.contains("report.tex") && names.contains("summary.svg") && names.contains("curve-a-steps.png") && names.contains("summary.csv"))
      let page = try readText(folder + "/report/report.html")
      #expect(page.hasPrefix("<!DOCTYPE html>") && !page.contains("<b>") && page.contains("y &lt;b&gt;") && !page.contains("src=") && !page.contains("http://") == false)
      #expect(page.components(separatedBy: "<svg").count - 1 == report.figures.count)
      // Identifiers are not used twice.
      let ids = page.matches(of: /id=["']([^"']+)["']/).map { String($0.1) }
      #expect(Set(ids).count == ids.count, "\(Dictionary(grouping: ids) { $0 }.filter { $0.value.count > 1 }.keys)")
      #expect(try readText(folder + "/report/report.md").contains("| x | 6 | 0.220 |"))
      #expect(try readText(folder + "/report/report.tex").contains("\\begin{tabular}{lrrrrrrr}"))
    }
  }

  @Test func tableForms() {
    let table = ReportTable("A", note: "n", columns: ["a|b", "c"], rows: [["x_1 & \"y\", z", "±1"], ["long name here", "2"]])
    #expect(table.markdown.contains("| a\\|b | c |\n| --- | ---: |\n"))
    #expect(table.csv == "a|b,c\n\"x_1 & \"\"y\"\", z\",±1\nlong name here,2\n")
    #expect(table.latex.contains("x\\_1 \\& \"y\", z & $\\pm$1 \\\\"))
    #expect(table.html.contains("<td class=\"word\">x_1 &amp; &quot;y&quot;, z</td>"))
    #expect(table.text == "a|b" + String(repeating: " ", count: 14) + "c\nx_1 & \"y\", z    ±1\nlong name here   2")
  }

  @Test(arguments: [(0.0, "0.000"), (-0.0004, "0.000"), (1.23456, "1.235"), (-12.345, "-12.35"), (99.999, "100.00"), (123.456, "123.5"), (54321.9, "54322"), (0.05, "0.050")])
  func numbers(value: Double, text: String) { #expect(Brief.text(value) == text) }
}
