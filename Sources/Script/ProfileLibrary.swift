import Glibc
import LuaBridge
import Tensors

extension Interpreter {
  /// dsrl.profile.
  func installProfile() {
    module("dsrl") { m in
      m.function("profile", "(f: function) -> table",
        "Calls f and prints where its time went, by operator and by layer; backward time counts for the layer whose forward it answers. Returns {seconds, operators = {{name, direction, calls, total, self, share, gflops}, ...}, layers = {{path, calls, forward, backward, self, share}, ...}}, both by self time, which adds up to seconds; \"other\" is time in no operator, Lua's own included.") {
        (f: LuaFunction) throws -> LuaTable in
        let (_, report) = try Profile.measure { try f.call() }
        print(report.text)
        fflush(nil)
        return report.table
      }
    }
  }
}

extension Profile.Report {
  private func share(_ own: Double) -> Double { seconds > 0 ? own / seconds : 0 }
  private func rate(_ x: Operator) -> Double? { x.flops > 0 && x.own > 0 ? x.flops / x.own * 1e-9 : nil }

  fileprivate var table: LuaTable {
    let operators = operators.map { x -> LuaValue in
      var row: [(String, LuaValue)] = [
        ("name", .string(x.name)), ("direction", x.isBackward ? "backward" : "forward"), ("calls", .int(x.calls)), ("total", .number(x.total)),
        ("self", .number(x.own)), ("share", .number(share(x.own))),
      ]
      if let rate = rate(x) { row.append(("gflops", .number(rate))) }
      return .table(LuaTable(row))
    }
    let layers = layers.map { x -> LuaValue in
      .table(LuaTable([
        ("path", .string(x.path)), ("calls", .int(x.calls)), ("forward", .number(x.forward)), ("backward", .number(x.backward)),
        ("self", .number(x.own)), ("share", .number(share(x.own))),
      ]))
    }
    return LuaTable([("seconds", .number(seconds)), ("operators", .table(LuaTable(list: operators))), ("layers", .table(LuaTable(list: layers)))])
  }

  /// Two aligned tables, times in milliseconds.
  var text: String {
    func milliseconds(_ seconds: Double) -> String { formatted("%.2f", seconds * 1e3) }
    func percent(_ own: Double) -> String { formatted("%.1f %%", share(own) * 100) }
    var operatorRows = [["operator", "", "calls", "total ms", "self ms", "share", "GFLOP/s"]]
    for x in operators {
      let isOther = x.name == "other"
      operatorRows.append([
        x.name, x.isBackward ? "backward" : "forward", isOther ? "" : "\(x.calls)", milliseconds(x.total), milliseconds(x.own), percent(x.own),
        rate(x).map { formatted("%.1f", $0) } ?? "",
      ])
    }
    var layerRows = [["layer", "", "calls", "forward ms", "backward ms", "self ms", "share"]]
    for x in layers where !x.path.isEmpty {
      layerRows.append([x.path, "", "\(x.calls)", milliseconds(x.forward), milliseconds(x.backward), milliseconds(x.own), percent(x.own)])
    }
    let whole = "profile: \(milliseconds(seconds)) ms"
    return ([whole, "", Profile.Report.aligned(operatorRows)] + (layerRows.count > 1 ? ["", Profile.Report.aligned(layerRows)] : [])).joined(separator: "\n")
  }

  /// Words of the first two columns to the left, numbers to the right.
  private static func aligned(_ rows: [[String]]) -> String {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, word) in row.enumerated() where widths[column] > 0 {
        let space = String(repeating: " ", count: widths[column] - word.count)
        line += (column == 0 ? "" : "  ") + (column < 2 ? word + space : space + word)
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
