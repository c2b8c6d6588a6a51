import Tensors

/// A table of a report, in the forms that papers, pages and spreadsheets take. Its first column names, the others hold numbers.
public struct ReportTable: Sendable {
  public var title: String
  /// What the numbers are; a sentence or two.
  public var note: String
  public var columns: [String]
  public var rows: [[String]]

  public init(_ title: String, note: String, columns: [String], rows: [[String]] = []) {
    (self.title, self.note, self.columns, self.rows) = (title, note, columns, rows)
  }

  public var markdown: String {
    func line(_ cells: [String]) -> String { "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ") + " |" }
    let rule = columns.indices.map { $0 == 0 ? "---" : "---:" }
    return "## \(title)\n\n\(note)\n\n" + ([line(columns), line(rule)] + rows.map(line)).map { $0 + "\n" }.joined()
  }

  public var csv: String {
    func cell(_ text: String) -> String {
      text.contains { ",\"".contains($0) || $0.isNewline } ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
    return ([columns] + rows).map { $0.map(cell).joined(separator: ",") + "\n" }.joined()
  }

  /// A tabular of booktabs.
  public var latex: String {
    let special: [Character: String] = [
      "\\": "\\textbackslash{}", "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_", "{": "\\{", "}": "\\}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
      "±": "$\\pm$", "–": "--",
    ]
    func line(_ cells: [String]) -> String { cells.map { $0.map { special[$0] ?? String($0) }.joined() }.joined(separator: " & ") + " \\\\\n" }
    let form = columns.indices.map { $0 == 0 ? "l" : "r" }.joined()
    return "% \(title): \(note)\n\\begin{tabular}{\(form)}\n\\toprule\n" + line(columns) + "\\midrule\n" + rows.map(line).joined() + "\\bottomrule\n\\end{tabular}\n"
  }

  /// Columns beside each other, for a terminal.
  public var text: String {
    let all = [columns] + rows
    let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  public var html: String {
    // What reads as words stands at the left.
    let isText = columns.indices.map { column in rows.contains { $0[column].first?.isLetter == true } }
    func line(_ cells: [String], _ tag: String) -> String {
      "<tr>" + cells.enumerated().map { isText[$0] ? "<\(tag) class=\"word\">\($1.escaped)</\(tag)>" : "<\(tag)>\($1.escaped)</\(tag)>" }.joined() + "</tr>"
    }
    return "<div class=\"scroll\"><table><thead>\(line(columns, "th"))</thead><tbody>\(rows.map { line($0, "td") }.joined(separator: "\n"))</tbody></table></div>"
  }
}

extension String {
  /// As text inside HTML.
  var escaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }
}

extension Double {
  /// Four significant digits, which is more than most results deserve.
  public var brief: String { Brief.text(self) }
}

/// Numbers as reports write them.
public enum Brief {
  public static func text(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    let size = abs(value)
    let places = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3
    let scale = [1.0, 10, 100, 1000][places]
    let whole = (value * scale).rounded()
    let digits = String(Int64(abs(whole)))
    let sign = whole < 0 ? "-" : ""
    guard places > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return sign + padded.dropLast(places) + "." + padded.suffix(places)
  }
  public static func text(_ interval: ClosedRange<Double>) -> String { "[\(text(interval.lowerBound)), \(text(interval.upperBound))]" }
}
