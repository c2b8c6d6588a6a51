import LuaBridge
import NeuralNets
import Tensors

extension Interpreter {
  /// dsrl.optim, and the types Optimizer, Schedule and EMA.
  func installOptim(_ roles: TensorRoles) {
    module("dsrl.optim", doc: "What moves parameters: optimisers, their schedules, averages. Parameters are given as a module, or as a table of tensors and modules.") { m in
      declareOptimizers(m, roles)
      declareSchedules(m)
      declareAverages(m, roles)
    }
    type(OptimizerObject.self, doc: "Moves parameters down their gradients.") { t in
      t.method("step", "() -> number?", "One step along what backward left; parameters without a gradient stay. With max_grad_norm it returns the gradient's norm before clipping.") {
        (optimizer: OptimizerObject) throws -> Float? in try optimizer.optimizer.step()
      }
      t.method("zero_grad", "()", "Forgets the gradients of all parameters.") { (optimizer: OptimizerObject) -> Void in optimizer.optimizer.zeroGrad() }
      t.property("learning_rate", "number", "Of the next step; assignable unless a schedule sets it.", get: { Double($0.optimizer.learningRate) }, set: { try $0.setLearningRate(Float($1)) })
      t.property("kind", "string", "\"sgd\", \"adam\" or \"adamw\".") { $0.kind }
      t.method("state_dict", "() -> {[string]: Tensor}", "Copies of what training needs to go on beside the parameters, by name.") { (optimizer: OptimizerObject) in
        copies(optimizer.optimizer.state)
      }
      t.method("load_state_dict", "(state: {[string]: Tensor})", "Takes state_dict back; an error names what does not fit, and then nothing changes.") {
        (optimizer: OptimizerObject, state: [String: Tensor]) throws -> Void in try optimizer.optimizer.load(state: state)
      }
    }
    type(ScheduleObject.self, doc: "A learning rate as a function of the step.") { t in
      t.metamethod(.call, "(step: integer) -> number", "The rate of a step; the first is 0.") { (schedule: ScheduleObject, step: Int) in Double(try schedule.rate(at: step)) }
      t.property("kind", "string", "\"constant\", \"linear\", \"cosine\" or \"cosine_restarts\".") { $0.schedule.kind.rawValue }
    }
    type(EMAObject.self, doc: "An exponential moving average of parameters.") { t in
      t.method("update", "()", "To be called after each step of the optimizer.") { (ema: EMAObject) throws -> Void in try ema.ema.update(ema.source) }
      t.method("copy_to", "(target: Module | table)", "Writes the averages into parameters of the same names and shapes.") {
        (ema: EMAObject, target: ParameterSource) throws -> Void in try ema.ema.copy(to: parameters(target, roles))
      }
      t.method("state_dict", "() -> {[string]: Tensor}", "Copies of the averages and the count of updates, by name.") { (ema: EMAObject) in copies(ema.ema.state) }
      t.method("load_state_dict", "(state: {[string]: Tensor})", "Takes state_dict back; an error names what does not fit, and then nothing changes.") {
        (ema: EMAObject, state: [String: Tensor]) throws -> Void in try ema.ema.load(state: state)
      }
    }
  }
}

/// What there is to train in a module or a table.
private func parameters(_ source: ParameterSource, _ roles: TensorRoles) throws -> ParameterList {
  var walk = ModuleWalk(roles)
  let list = try walk.tree(of: source.value).parameters
  guard !list.isEmpty else { throw UsageError("there are no parameters to train: they are fields of modules, or entries of the table") }
  return ParameterList(list)
}

private func copies(_ state: [NamedTensor]) -> [String: Tensor] {
  Dictionary(state.map { ($0.name, $0.tensor.copied()) }) { first, _ in first }
}

private func declareOptimizers(_ m: LuaModule, _ roles: TensorRoles) {
  func optimizer<O: LuaBridge.Options>(
    _ kind: String, _ source: ParameterSource, _ table: LuaTable?, make: ([NamedTensor], O) throws -> any Optimizer
  ) throws -> OptimizerObject {
    var table = table ?? LuaTable()
    let schedule: ScheduleObject? = try table.takeOptional("schedule")
    if schedule != nil, table["learning_rate"] != nil { throw UsageError("either learning_rate or schedule, not both") }
    let optimizer = try make(parameters(source, roles).namedParameters, table.decode())
    return OptimizerObject(kind, schedule.map { ScheduledOptimizer(optimizer, $0.schedule) } ?? optimizer)
  }
  let signature = "(parameters: Module | table, options?: table) -> Optimizer"
  m.function("sgd", signature, "Gradient descent: learning_rate or schedule, momentum, nesterov, weight_decay, max_grad_norm.", options: SGD.Config.self) {
    (source: ParameterSource, table: LuaTable?) in try optimizer("sgd", source, table) { try SGD($0, $1) }
  }
  m.function("adam", signature, "Adam: learning_rate or schedule, betas, eps, weight_decay (part of the gradient), max_grad_norm.", options: AdamOptions.self) {
    (source: ParameterSource, table: LuaTable?) in
    try optimizer("adam", source, table) { (list, options: AdamOptions) in try Adam(list, options.config(decoupled: false)) }
  }
  m.function("adamw", signature, "Adam with weight_decay apart from the gradient: learning_rate or schedule, betas, eps, weight_decay, max_grad_norm.", options: AdamWOptions.self) {
    (source: ParameterSource, table: LuaTable?) in
    try optimizer("adamw", source, table) { (list, options: AdamWOptions) in try Adam(list, options.config()) }
  }
  m.function("clip_grad_norm", "(parameters: Module | table, max_norm: number) -> number",
    "Scales all gradients so that their norm together is at most max_norm; returns the norm before.") { (source: ParameterSource, maximum: Float) in
    Double(try clipGradNorm(parameters(source, roles).parameters, to: maximum))
  }
}

private func declareSchedules(_ m: LuaModule) {
  let kinds: [(Schedule.Kind, String)] = [
    (.constant, "learning_rate throughout, after a rise from 0 in the first warm_up steps (0)."),
    (.linear, "A straight line from learning_rate to minimum (0) at `steps`, after a rise from 0 in the first warm_up steps (0)."),
    (.cosine, "Half a cosine from learning_rate to minimum (0) at `steps`, after a rise from 0 in the first warm_up steps (0)."),
    (.cosineRestarts, "Half a cosine from learning_rate to minimum (0) every `steps`, each after a rise from minimum in warm_up steps (0); each descent cycle_growth (1) times as long as the last and from cycle_decay (1) times as high."),
  ]
  for (kind, doc) in kinds {
    m.function(kind.rawValue, "(options: table) -> Schedule", doc) { (table: LuaTable) throws -> ScheduleObject in
      var table = table
      let rate: Float = try table.take("learning_rate")
      let warmUp: Int = try table.takeOptional("warm_up") ?? 0
      var schedule = (minimum: Float(0), steps: max(1, warmUp), growth: Float(1), decay: Float(1))
      if kind != .constant { schedule.minimum = try table.takeOptional("minimum") ?? 0 }
      if kind != .constant { schedule.steps = try table.take("steps") }
      if kind == .cosineRestarts {
        schedule.growth = try table.takeOptional("cycle_growth") ?? 1
        schedule.decay = try table.takeOptional("cycle_decay") ?? 1
      }
      try table.finish()
      return ScheduleObject(try Schedule(
        kind, learningRate: rate, minimum: schedule.minimum, warmUp: warmUp, steps: schedule.steps, cycleGrowth: schedule.growth, cycleDecay: schedule.decay))
    }
  }
}

private func declareAverages(_ m: LuaModule, _ roles: TensorRoles) {
  m.function("ema", "(parameters: Module | table, options?: table) -> EMA",
    "An average that begins as a copy: decay; power (after two copies, the k-th update keeps 1 - (1 + k / inv_gamma)^-power of it, at least min_decay, at most decay); warm_up, steps in which it is a mere copy; every, steps from one update to the next.",
    options: EMA.Config.self) { (source: ParameterSource, options: LuaTable?) in
    try EMAObject(parameters(source, roles), (options ?? LuaTable()).decode())
  }
  m.function("polyak", "(target: Module | table, source: Module | table, tau: number)",
    "target <- (1 - tau) target + tau source, parameter by parameter; their names and shapes agree.") {
    (target: ParameterSource, source: ParameterSource, tau: Float) throws -> Void in
    let (target, source) = (try parameters(target, roles), try parameters(source, roles))
    let (names, others) = (target.namedParameters.map(\.name), source.namedParameters.map(\.name))
    guard names == others else { throw UsageError("polyak wants parameters of the same names, got \(names.joined(separator: ", ")) and \(others.joined(separator: ", "))") }
    try polyak(target, source, tau: tau)
  }
}
