import Files
import Tensors

extension Figure {
  /// Draws into `path`, SVG or PNG by its ending. Throws gnuplot's own words where it fails, or what to install where it is missing.
  public func write(to path: String) throws {
    let terminal =
      switch path.split(separator: ".").last?.lowercased() {
      case "svg": svgTerminal
      case "png": "pngcairo size \(width),\(height) noenhanced font 'sans,11'"
      default: throw UsageError("a picture's name ends in .svg or .png, got '\(path)'")
      }
    try check()
    try AtomicFile.write(try draw(terminal, forText: false), to: path)
  }

  /// The same as `write` into a file of SVG, as text.
  public func svg() throws -> String {
    try check()
    return String(decoding: try draw(svgTerminal, forText: false), as: UTF8.self)
  }

  private var svgTerminal: String { "svg size \(width),\(height) noenhanced background 'white' font 'sans,14'" }

  /// Draws with characters, at most `width` x `height` of them; bands are left out. An image is drawn in shades, without what lies on it.
  public func text(width: Int = 79, height: Int = 24) throws -> String {
    guard width >= 20, height >= 8, width <= 1000, height <= 1000 else { throw UsageError("a picture of text is 20x8 to 1000x1000 characters, got \(width)x\(height)") }
    try check()
    if let image = series.first(where: \.isImage) { return shades(of: image, width: width, height: height) }
    let lines = String(decoding: try draw("dumb size \(width),\(height) noenhanced mono", forText: true), as: UTF8.self)
      .split { $0.isNewline || $0 == "\u{0C}" }.filter { !$0.trimmed.isEmpty }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The picture comes out of gnuplot's standard output, so that no path has to survive its quoting.
  private func draw(_ terminal: String, forText: Bool) throws -> [UInt8] {
    guard let result = try Command.run(["gnuplot", "-d"], input: script(terminal, forText: forText)) else {
      throw UsageError("pictures need gnuplot, which is not installed: apt-get install gnuplot-nox")
    }
    let complaint = result.errors.trimmed
    guard result.status == 0, !result.output.isEmpty else { throw UsageError("gnuplot could not draw the figure: \(complaint.isEmpty ? "exit code \(result.status)" : complaint)") }
    return result.output
  }

  /// Okabe and Ito 2008: told apart by the colour-blind too; their yellow, pale on white, is left out.
  private static let palette = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

  func script(_ terminal: String, forText: Bool) -> String {
    var lines = [
      "set encoding utf8", "set terminal \(terminal)", "set title \(quoted(title))", "set xlabel \(quoted(xLabel))", "set ylabel \(quoted(yLabel))",
      "set tics nomirror", "set border 3", "set palette defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 '#fde725')",
      legend ? "set key \(forText ? "below" : "outside right top") noenhanced" : "unset key",
    ]
    lines.append(forText ? "unset colorbox" : "set grid lt 1 lw 1 lc rgb '#dddddd'")
    for (axis, log, range) in [("x", xLog, xRange), ("y", yLog, yRange)] {
      if log { lines += ["set logscale \(axis)", "set format \(axis) '%g'"] }
      if let range { lines.append("set \(axis)range [\(range.lowerBound):\(range.upperBound)]") }
    }
    if !yNames.isEmpty {
      lines.append("set ytics (" + yNames.enumerated().map { "\(quoted($1)) \($0 + 1)" }.joined(separator: ", ") + ")")
      if yRange == nil { lines.append("set yrange [0.4:\(Double(yNames.count) + 0.6)]") }
    }
    if series.contains(where: \.isImage) { lines += ["set border 15", "unset grid", "set autoscale fix"] }
    if yRange == nil, series.contains(where: \.isBars) { lines.append("set yrange [0:*]") }

    var plots: [String] = []
    for (i, series) in series.enumerated() {
      let place = series.colour ?? i
      let colour = "lc rgb '\(Figure.palette[place % Figure.palette.count])'"
      let dash = forText ? 1 : 1 + place / Figure.palette.count
      let name = "$data\(i)"
      let title = series.label.isEmpty ? "notitle" : "title \(quoted(series.label))"
      switch series.content {
      case .line(let x, let y, let low, let high):
        lines += block(name, x.indices.map { row([x[$0], y[$0]] + [low?[$0], high?[$0]].compactMap { $0 }) })
        if low != nil, !forText { plots.append("\(name) using 1:3:4 with filledcurves \(colour) fs transparent solid 0.2 noborder notitle") }
        plots.append("\(name) using 1:2 with lines \(colour) lw 2 dt \(dash) \(title)")
      case .scatter(let x, let y):
        lines += block(name, x.indices.map { row([x[$0], y[$0]]) })
        plots.append("\(name) using 1:2 with points pt \(forText ? i + 1 : 7) ps 0.5 \(colour) \(title)")
      case .intervals(let x, let low, let high, let y):
        lines += block(name, x.indices.map { row([x[$0], y[$0], low[$0], high[$0]]) })
        plots.append(forText ? "\(name) using 1:2 with points pt \(i + 1) \(title)" : "\(name) using 1:2:3:4 with xerrorbars pt 7 ps 0.8 lw 2 \(colour) \(title)")
      case .bars(let edges, let heights):
        // In text a bar is as many upright lines as there are columns, more or less.
        let strokes = forText ? max(3, 150 / heights.count) : 1
        lines += block(name, heights.indices.flatMap { bar in
          (0..<strokes).map { stroke in
            let width = edges[bar + 1] - edges[bar]
            return row([edges[bar] + width * (Double(stroke) + 0.5) / Double(strokes), heights[bar], width])
          }
        })
        plots.append(
          forText ? "\(name) using 1:2 with impulses \(colour) \(title)" : "\(name) using 1:2:3 with boxes \(colour) fs solid 0.6 border \(title)")
      case .trajectories(let all):
        let plain = all.filter { $0.colour == nil }
        let scaled = all.filter { $0.colour != nil }
        if !plain.isEmpty {
          lines += block(name, plain.flatMap { line in line.x.indices.map { row([line.x[$0], line.y[$0]]) } + [""] })
          plots.append("\(name) using 1:2 with lines \(colour) lw 1 \(title)")
        }
        if !scaled.isEmpty {
          lines += block(name + "scaled", scaled.flatMap { line in line.x.indices.map { row([line.x[$0], line.y[$0], line.colour ?? .nan]) } + [""] })
          plots.append("\(name)scaled using 1:2:3 with lines lc palette lw 1 \(plain.isEmpty ? title : "notitle")")
        }
      case .image where forText: break  // `text` draws it
      case .image(let rows, let x, let y):
        lines += block(name, rows.map(row))
        let middle = { (column: Int, range: ClosedRange<Double>, count: Int) in
          "(\(range.lowerBound) + ($\(column) + 0.5) * \((range.upperBound - range.lowerBound) / Double(count)))"
        }
        plots.append("\(name) matrix using \(middle(1, x, rows[0].count)):\(middle(2, y, rows.count)):3 with image notitle")
      }
    }
    return (lines + ["plot " + plots.joined(separator: ", \\\n  ")]).joined(separator: "\n") + "\n"
  }

  private func block(_ name: String, _ rows: [String]) -> [String] { ["\(name) << END_OF_DATA"] + rows + ["END_OF_DATA"] }

  private func row(_ values: [Double]) -> String { values.map { $0.isFinite ? "\($0)" : "NaN" }.joined(separator: " ") }

  /// In single quotes gnuplot reads everything as it stands, but for the quote itself.
  /// Apostrophes stand in double quotes, in which nothing else may: gnuplot runs what is between backticks there.
  private func quoted(_ text: String) -> String {
    let line = String(text.map { $0.isNewline ? " " : $0 })
    return line.split(separator: "'", omittingEmptySubsequences: false).map { "'\($0)'" }.joined(separator: " . \"'\" . ")
  }
}

/// The program that draws.
public enum Gnuplot {
  /// "5.4 patchlevel 4"; nil where it is not installed.
  public static func version() throws -> String? {
    guard let result = try Command.run(["gnuplot", "--version"]) else { return nil }
    guard result.status == 0 else { throw UsageError(result.errors.trimmed) }
    let text = String(decoding: result.output, as: UTF8.self).trimmed
    return text.hasPrefix("gnuplot ") ? String(text.dropFirst("gnuplot ".count)) : text
  }
}

extension Figure.Series {
  fileprivate var isImage: Bool { if case .image = content { true } else { false } }
  fileprivate var isBars: Bool { if case .bars = content { true } else { false } }
}
