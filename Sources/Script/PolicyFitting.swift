import Diffusion
import Environments
import Files
import FoundationEssentials
import Glibc
import LuaBridge
import Runs
import Tensors

extension DiffusionPolicy.Training: LuaBridge.Options {}

// policy:fit, with its progress line, its metrics and what a run keeps of it.
extension Session {
  func installFitting() throws {
    let recipes = try recipeTexts()
    lua.type(PolicyObject.self) { t in
      t.method("fit", "(data: DataSet, options?: table) -> table",
        "Trains the denoiser on the data by AdamW; the weights left are averaged ones. \(recipes) Other options stand over a recipe's. pad_after (0): how many actions of a chunk may lie after its episode's end, where the last is repeated (before its start the first observation and action are, always). on_epoch = function({epoch, epochs, loss, validation_loss, best_epoch, learning_rate, gradient_steps}), false ends the call. checkpoint = a folder, written every checkpoint_every epochs (10) and when the call ends, whose training is gone on with if it is there; a run keeps one by itself, for when it is told to stop, and every checkpoint_every epochs if that is given. Interrupted, by on_epoch, Ctrl-C or a signal to the run, the same call again goes on to the same numbers. Returns the last epoch's table.",
        options: DiffusionPolicy.Training.self) { [unowned self] (policy: PolicyObject, data: DataObject, options: LuaTable?) in
        try lua.long { try fit(policy.diffusion(for: "fit"), data.data, options ?? LuaTable()) }
      }
    }
    lua.registry.document("Policy:fit", options: [
      "recipe": "a published way to train, by name: what other options then begin with", "on_epoch": "function(epoch: table); false ends the call",
      "checkpoint": "folder to keep the training in, and to go on from", "checkpoint_every": "epochs between two writings of it (10; of a run's own: none)",
    ])
    lua.registry.document(choices: "Policy:fit.recipe", DiffusionPolicy.Training.Recipe.allCases.map(\.rawValue))
  }

  private func fit(_ policy: DiffusionPolicy, _ data: DataSet, _ options: LuaTable) throws -> LuaTable {
    var options = options
    let onEpoch: LuaFunction? = try options.takeOptional("on_epoch")
    let folder: String? = try options.takeOptional("checkpoint")
    let every: Int? = try options.takeOptional("checkpoint_every")
    if folder == nil, every != nil, self.folder == nil { throw LuaError("checkpoint_every wants a checkpoint, the folder to write, outside of a run") }
    if let every, every < 1 { throw LuaError("checkpoint_every wants a positive number of epochs, got \(every)") }
    let recipe: String? = try options.takeOptional("recipe")
    let padAfter: Int = try options.takeOptional("pad_after") ?? 0
    let training: DiffusionPolicy.Training = try options.decode(over: recipe.map(Self.recipe) ?? DiffusionPolicy.Training())
    let chunks = try ActionChunks(data, for: policy, padAfter: padAfter)
    let fitting = try policy.fitting(chunks, training)
    let keeper = try FittingKeeper(self, fitting, folder: folder, every: every)
    let bar = makeProgress("fit", total: fitting.epochs, from: fitting.epoch)
    progress = bar
    let (began, first) = (Progress.clock(), fitting.steps)
    try keeper.keep {
      try fitting.run(pause: keeper.pause) { epoch in
        bar.update(epoch.number, [("loss", Double(epoch.loss))] + (epoch.validationLoss.map { [("validation", Double($0))] } ?? []))
        if let state = bar.state { progressFile?.update(state) }
        let speed = Double(epoch.gradientSteps - first) / max(Progress.clock() - began, 1e-9)
        try log(step: epoch.gradientSteps, epoch.metrics(fps: speed))
        let answer = try onEpoch?.call(epoch.luaTable).first
        try lua.checkInterrupt()
        try keeper.epochEnds(epoch.number)
        if case .bool(false)? = answer { return false }
        return true
      }
    }
    if self.folder != nil, onEpoch != nil { try beginNumbers(after: "fit " + keeper.name) }
    bar.finish()
    progress = nil
    return fitting.lastEpoch?.luaTable ?? LuaTable()
  }

  private static func recipe(_ name: String) throws -> DiffusionPolicy.Training {
    guard let recipe = DiffusionPolicy.Training.Recipe(rawValue: name) else {
      let names = DiffusionPolicy.Training.Recipe.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw LuaError("'recipe' must be one of \(names), got '\(name)'")
    }
    return DiffusionPolicy.Training(recipe)
  }

  /// What each recipe sets otherwise than no recipe does.
  private func recipeTexts() throws -> String {
    let plain = try DiffusionPolicy.Training().luaTable()
    let texts = try DiffusionPolicy.Training.Recipe.allCases.map { recipe in
      let table = try DiffusionPolicy.Training(recipe).luaTable()
      let set = table.names.filter { table[$0]?.description != plain[$0]?.description }
      return "recipe = \"\(recipe.rawValue)\" is the defaults but " + set.map { "\($0) = \(table[$0] ?? .null)" }.joined(separator: ", ") + "."
    }
    return texts.joined(separator: " ")
  }
}

extension DiffusionPolicy.Epoch {
  var luaTable: LuaTable {
    LuaTable([
      ("epoch", .int(number)), ("epochs", .int(of)), ("loss", .number(Double(loss))),
      ("validation_loss", validationLoss.map { .number(Double($0)) } ?? .null), ("best_epoch", bestEpoch.map { .int($0) } ?? .null),
      ("learning_rate", .number(Double(learningRate))), ("gradient_steps", .int(gradientSteps)),
    ])
  }

  /// Under Stable-Baselines3's names; fps are gradient steps per second.
  func metrics(fps: Double) -> [String: Double] {
    var values = ["train/loss": Double(loss), "train/learning_rate": Double(learningRate), "train/epoch": Double(number), "time/fps": fps]
    values["eval/loss"] = validationLoss.map(Double.init)
    return values
  }
}
