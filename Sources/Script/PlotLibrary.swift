import Glibc
import LuaBridge
import Runs
import Tensors

/// A figure as scripts hold it.
final class Picture: LuaObject, CustomStringConvertible, Drawable {
  static var luaName: String { "Figure" }
  let figure: Figure
  init(_ figure: Figure) { self.figure = figure }

  func drawn(width: Int, height: Int) throws -> String { try figure.text(width: width, height: height) }

  var description: String {
    let names = figure.series.map { $0.label.isEmpty ? "unnamed" : $0.label }.joined(separator: ", ")
    return "Figure \"\(figure.title)\" of \(names); :show() draws it here, :write(path) as .svg or .png"
  }
}

// dsrl.plot: pictures of numbers, by gnuplot.
extension Session {
  func installPlots() {
    lua.type(Picture.self, doc: "A picture of numbers.") {
      $0.method("write", "(path: string) -> Figure", "Draws into a file, .svg or .png.") { (picture: Picture, path: String) throws -> Picture in
        try picture.figure.write(to: path)
        return picture
      }
      $0.method("show", "() -> Figure", "Draws into the terminal; returns itself.") { (picture: Picture) throws -> Picture in
        let width = min(max(Terminal(descriptor: STDOUT_FILENO).width - 1, 20), 100)
        print(try picture.drawn(width: width, height: 22), terminator: "")
        return picture
      }
      $0.method("text", "(width: integer?, height: integer?) -> string", "Draws with characters, 79 x 24 of them unless told otherwise.") {
        (picture: Picture, width: Int?, height: Int?) in try picture.figure.text(width: width ?? 79, height: height ?? 24)
      }
    }
    lua.module("dsrl.plot", doc: "Pictures of numbers, drawn by gnuplot.") {
      $0.function(
        "figure",
        "{series = {{label =, x =, y =, low =, high =, style = \"line\" | \"points\" | \"band\"}, ...}, title =, xlabel =, ylabel =, xlog =, ylog =, xlim = {lo, hi}, ylim =, legend =, width =, height =, file =} -> Figure",
        "A figure. A series is x and y (low and high bound a band), or {trajectories = {{x =, y =, color =}, ...} | Tensor [n, steps, 2]}, or {image = rows, x = {lo, hi}, y = {lo, hi}}, rows[1] lowest."
      ) { (options: LuaTable) throws -> Picture in
        var options = options
        let list: LuaTable = try options.take("series")
        let series = try list.list.enumerated().map { i, entry in
          guard case .table(let table) = entry else { throw LuaError("series \(i + 1) must be a table, got \(entry.brief)") }
          do { return try one(table) } catch { throw LuaError("series \(i + 1): \(error)") }
        }
        return try finished(Figure(series), options)
      }
    }
    installPlotShortcuts()
  }
}

/// The figure with what `options` say of it; drawn into `file` where they name one.
func finished(_ figure: Figure, _ options: LuaTable) throws -> Picture {
  var (figure, options) = (figure, options)
  figure.title = try options.takeOptional("title") ?? figure.title
  figure.xLabel = try options.takeOptional("xlabel") ?? figure.xLabel
  figure.yLabel = try options.takeOptional("ylabel") ?? figure.yLabel
  figure.xLog = try options.takeOptional("xlog") ?? figure.xLog
  figure.yLog = try options.takeOptional("ylog") ?? figure.yLog
  figure.legend = try options.takeOptional("legend") ?? figure.legend
  figure.width = try options.takeOptional("width") ?? figure.width
  figure.height = try options.takeOptional("height") ?? figure.height
  figure.xRange = try options.takeRange("xlim")
  figure.yRange = try options.takeRange("ylim")
  let file: String? = try options.takeOptional("file")
  try options.finish()
  if let file { try figure.write(to: file) }
  return Picture(figure)
}

private func one(_ table: LuaTable) throws -> Figure.Series {
  var table = table
  let label: String = try table.takeOptional("label") ?? ""
  if let lines: LuaValue = try table.takeOptional("trajectories") {
    try table.finish()
    return .init(label, .trajectories(try trajectories(lines)))
  }
  if let rows: LuaTable = try table.takeOptional("image") {
    guard let x = try table.takeRange("x"), let y = try table.takeRange("y") else { throw LuaError("an image wants x = {low, high} and y = {low, high}") }
    try table.finish()
    return .init(label, .image(rows: try rows.list.map { try Numbers($0).values }, x: x, y: y))
  }
  guard let x = try table.takeNumbers("x"), let y = try table.takeNumbers("y") else { throw LuaError("x and y, or trajectories, or image expected") }
  let low = try table.takeNumbers("low")
  let high = try table.takeNumbers("high")
  let style: String = try table.takeOptional("style") ?? (low == nil ? "line" : "band")
  try table.finish()
  switch style {
  case "line", "band":
    guard style == "line" || low != nil else { throw LuaError("a band wants low and high") }
    return .init(label, .line(x: x, y: y, low: low, high: high))
  case "points":
    guard low == nil, high == nil else { throw LuaError("points have no low and high") }
    return .init(label, .scatter(x: x, y: y))
  default: throw LuaError("'style' must be one of 'line', 'points', 'band', got '\(style)'")
  }
}

private func trajectories(_ value: LuaValue) throws -> [Figure.Trajectory] {
  switch value {
  case .object(let tensor as Tensor):
    guard tensor.rank == 3, tensor.shape[2] == 2 else { throw LuaError("trajectories of shape [n, steps, 2] expected, got \(tensor.shape)") }
    let (values, steps) = (tensor.values, tensor.shape[1])
    return (0..<tensor.shape[0]).map { line in
      let points = line * steps..<(line + 1) * steps
      return .init(x: points.map { Double(values[2 * $0]) }, y: points.map { Double(values[2 * $0 + 1]) })
    }
  case .table(let lines):
    return try lines.list.enumerated().map { i, entry in
      guard case .table(var line) = entry, let x = try line.takeNumbers("x"), let y = try line.takeNumbers("y") else {
        throw LuaError("trajectory \(i + 1) must be {x = , y = }, got \(entry.brief)")
      }
      let colour: Double? = try line.takeOptional("color")
      try line.finish()
      return .init(x: x, y: y, colour: colour)
    }
  default: throw LuaError("'trajectories' must be a list of {x = , y = } or a Tensor [n, steps, 2], got \(value.brief)")
  }
}
