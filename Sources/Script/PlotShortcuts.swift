import LuaBridge
import Runs
import Tensors

// dsrl.plot.line and its kin: one call, one picture.
extension Session {
  func installPlotShortcuts() {
    lua.module("dsrl.plot") {
      $0.function("line", "(x: number[] | Tensor, y?: number[] | Tensor, options?: table) -> Figure",
        "A figure of a line; with one list its places count from 1, and a Tensor y [n, k] is k lines. Draws itself at the prompt, with `file` into a file; options as of figure.") {
        (x: LuaValue, y: LuaValue, options: LuaTable?) throws -> Picture in
        try shortcut(x, y, options) { x, y in try lines(x, y).map { .init($0, .line(x: $1, y: $2)) } }
      }
      $0.function("scatter", "(x: number[] | Tensor, y?: number[] | Tensor, options?: table) -> Figure",
        "A figure of points; x and y as of line. Draws itself at the prompt, with `file` into a file; options as of figure.") {
        (x: LuaValue, y: LuaValue, options: LuaTable?) throws -> Picture in
        try shortcut(x, y, options) { x, y in try lines(x, y).map { .init($0, .scatter(x: $1, y: $2)) } }
      }
      $0.function("hist", "(values: number[] | Tensor, options?: table) -> Figure",
        "A histogram: how many values fall into each of `bins` (30) equal intervals, from the least to the greatest or over xlim. Draws itself at the prompt, with `file` into a file; options as of figure.") {
        (values: Numbers, options: LuaTable?) throws -> Picture in
        var options = options ?? LuaTable()
        let bins: Int = try options.takeOptional("bins") ?? 30
        var rest = options
        return try finished(Figure([.init("", try histogram(values.values, bins: bins, over: rest.takeRange("xlim")))]), options)
      }
      $0.function("image", "(rows: number[][] | Tensor, options?: table) -> Figure",
        "A matrix as shades or colours, [rows, columns], rows[1] lowest; x and y = {low, high} are what its sides stand for (their counts). Draws itself at the prompt, with `file` into a file; options as of figure.") {
        (rows: TensorLike, options: LuaTable?) throws -> Picture in
        var options = options ?? LuaTable()
        let matrix = rows.tensor
        guard matrix.rank == 2, matrix.count > 0 else { throw UsageError("an image wants a matrix of shape [rows, columns], got \(matrix.shape)") }
        let (height, width) = (matrix.shape[0], matrix.shape[1])
        let x = try options.takeRange("x") ?? 0...Double(width)
        let y = try options.takeRange("y") ?? 0...Double(height)
        let numbers = matrix.values.map(Double.init)
        let content = Figure.Series.Content.image(rows: (0..<height).map { Array(numbers[$0 * width..<($0 + 1) * width]) }, x: x, y: y)
        return try finished(Figure([.init("", content)]), options)
      }
    }
    lua.registry.document("dsrl.plot.hist", options: ["bins": "equal intervals (30)"])
    lua.registry.document("dsrl.plot.image", options: ["x": "{low, high}: what the columns stand for", "y": "{low, high}: what the rows stand for"])
  }
}

/// f(x, y, options), f(y, options), f(x, y), f(y): the second place is options where it holds names.
private func shortcut(
  _ x: LuaValue, _ y: LuaValue, _ options: LuaTable?, _ make: (LuaValue?, LuaValue) throws -> [Figure.Series]
) throws -> Picture {
  switch y {
  case .null: return try finished(Figure(make(nil, x)), options ?? LuaTable())
  case .table(let table) where !table.names.isEmpty:
    guard options == nil else { throw LuaError("x, y and options expected, got options in the second place and a table in the third") }
    return try finished(Figure(make(nil, x)), table)
  default: return try finished(Figure(make(x, y)), options ?? LuaTable())
  }
}

/// The lines of one call with their labels.
private func lines(_ x: LuaValue?, _ y: LuaValue) throws -> [(label: String, x: [Double], y: [Double])] {
  guard case .object(let tensor as Tensor) = y, tensor.rank == 2 else {
    let values = try Numbers(y).values
    return [("", try x.map { try Numbers($0).values } ?? values.indices.map { Double($0 + 1) }, values)]
  }
  let (count, width) = (tensor.shape[0], tensor.shape[1])
  guard width <= 20 else { throw UsageError("a figure has at most 20 lines, got \(width) columns of shape \(tensor.shape)") }
  let numbers = tensor.values.map(Double.init)
  let places = try x.map { try Numbers($0).values } ?? (0..<count).map { Double($0 + 1) }
  return (0..<width).map { column in ("\(column + 1)", places, (0..<count).map { numbers[$0 * width + column] }) }
}

private func histogram(_ values: [Double], bins: Int, over range: ClosedRange<Double>?) throws -> Figure.Series.Content {
  guard (1...10000).contains(bins) else { throw UsageError("bins wants a number from 1 to 10000, got \(bins)") }
  let finite = values.filter(\.isFinite)
  guard let least = finite.min(), let greatest = finite.max() else { throw UsageError("a histogram wants at least one finite number") }
  let low = range?.lowerBound ?? least
  let high = range?.upperBound ?? (greatest > least ? greatest : least + 1)
  let step = (high - low) / Double(bins)
  guard step.isFinite, low + step > low, high - step < high else { throw UsageError("\(bins) bins from \(low) to \(high) are too narrow or too wide to tell apart") }
  var heights = Array(repeating: 0.0, count: bins)
  for value in finite where value >= low && value <= high { heights[min(Int((value - low) / step), bins - 1)] += 1 }
  return .bars(edges: (0...bins).map { $0 == bins ? high : low + Double($0) * step }, heights: heights)
}
