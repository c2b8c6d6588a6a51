import LuaBridge
import Runs

extension Progress: LuaObject {
  public static var luaName: String { "Progress" }
}

// dsrl.progress: how far a loop has come.
extension Session {
  func installProgress() {
    lua.type(Progress.self, doc: "How far something has come: one redrawn line on a terminal, now and then a line elsewhere.") {
      $0.method(
        "update", "(done: integer, values: {[string]: number}?) -> Progress", "Shows how much is done and the last values, unless it did so a moment ago."
      ) { [unowned self] (bar: Progress, done: Int, values: [String: Double]?) throws -> Progress in
        progress = bar
        bar.update(done, (values ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        if let progressFile, let state = bar.state { progressFile.update(state) }
        return bar
      }
      $0.method("finish", "()", "Shows the last state for good.") { [unowned self] (bar: Progress) throws -> Void in
        progress = nil
        bar.finish()
      }
    }
    lua.module("dsrl") {
      $0.function(
        "progress", "(what: string, total: integer?, from: integer?) -> Progress",
        "A progress line on the error stream: what, how far, steps per second, time left. `from` is where a loop that goes on begins."
      ) { [unowned self] (what: String, total: Int?, from: Int?) in makeProgress(what, total: total, from: from ?? 0) }
    }
  }

  /// Of several ranks the first alone shows it.
  func makeProgress(_ what: String, total: Int?, from: Int) -> Progress {
    ranks.rank == 0 ? Progress(what, total: total, from: from) : Progress(what, total: total, from: from, write: { _ in })
  }
}
