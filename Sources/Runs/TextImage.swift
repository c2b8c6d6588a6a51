import Glibc

// An image in characters, which gnuplot has no terminal for.
extension Figure {
  private static let ramp = Array(" .:-=+*#%@")

  /// The rows from the top down, dark to light as blank to @, with the axes' ends and the scale. A number that is not finite is "?".
  func shades(of series: Series, width: Int, height: Int) -> String {
    guard case .image(let rows, let x, let y) = series.content else { return "" }
    let (low, high) = Figure.range(rows)
    let ends = [Figure.short(y.upperBound), Figure.short(y.lowerBound)]
    let margin = (ends.map(\.count).max() ?? 0) + 1
    let columns = max(1, min(width - margin - 2, rows[0].count * 2))
    let lines = min(height - 4 - [title, xLabel, yLabel].count { !$0.isEmpty }, rows.count)

    var text: [String] = title.isEmpty ? [] : [Figure.centred(title, width: margin + 2 + columns)]
    if !yLabel.isEmpty { text.append(yLabel) }
    text.append(String(repeating: " ", count: margin) + "+" + String(repeating: "-", count: columns) + "+")
    for line in 0..<lines {
      let cells = (0..<columns).map { column -> Character in
        let value = Figure.mean(rows, line: lines - 1 - line, of: lines, column: column, of: columns)
        guard value.isFinite else { return "?" }
        let share = (value - low) / (high - low)
        return Figure.ramp[share.isFinite ? min(max(Int(share * 10), 0), 9) : 5]
      }
      let end = line == 0 ? ends[0] : line == lines - 1 ? ends[1] : ""
      text.append(String(repeating: " ", count: margin - 1 - end.count) + end + " |" + String(cells) + "|")
    }
    text.append(String(repeating: " ", count: margin) + "+" + String(repeating: "-", count: columns) + "+")
    let (left, right) = (Figure.short(x.lowerBound), Figure.short(x.upperBound))
    let space = max(1, columns + 2 - left.count - right.count)
    text.append(String(repeating: " ", count: margin) + left + String(repeating: " ", count: space) + right)
    if !xLabel.isEmpty { text.append(Figure.centred(xLabel, width: margin + 2 + columns)) }
    text.append(String(repeating: " ", count: margin) + "\(Figure.short(low)) '\(String(Figure.ramp))' \(Figure.short(high))")
    return text.joined(separator: "\n") + "\n"
  }

  /// The mean over what falls into one character cell; the nearest element where that is less than one.
  private static func mean(_ rows: [[Double]], line: Int, of lines: Int, column: Int, of columns: Int) -> Double {
    func part(_ i: Int, _ n: Int, _ count: Int) -> Range<Int> {
      let first = i * count / n
      return first..<max(first + 1, (i + 1) * count / n)
    }
    var (sum, count) = (0.0, 0)
    for row in rows[part(line, lines, rows.count)] {
      for value in row[part(column, columns, row.count)] { (sum, count) = (sum + value, count + 1) }
    }
    return sum / Double(count)
  }

  private static func range(_ rows: [[Double]]) -> (Double, Double) {
    let finite = rows.joined().filter(\.isFinite)
    return (finite.min() ?? 0, finite.max() ?? 0)
  }

  private static func centred(_ text: String, width: Int) -> String {
    String(repeating: " ", count: max(0, (width - text.count) / 2)) + text
  }

  private static func short(_ value: Double) -> String { Progress.short(value) }
}
