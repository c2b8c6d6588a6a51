import Agents
import LuaBridge
import Tensors

extension DiagnosisOptions: LuaBridge.Options {}

extension Interpreter {
  /// agent:diagnose
  func declareDiagnosis(_ t: LuaType<AgentObject>) {
    for (name, doc) in diagnosisOptions { registry.document(option: "Agent:diagnose." + name, doc) }
    t.method("diagnose", "(options?: table) -> table",
      "What an agent with an actor looks like from near, as numbers by name: ent_coef and entropy; saturation (share of outputs |u| > 0.95); box_coverage (share of ten equal parts of [-1, 1] that each output visits); of a dsrl_na how its noise critics order noises as its critics of actions do, at each of `states` observations, for noises of the base policy's law and of the actor's own: rank_gaussian, rank_actor (Spearman), pairs_gaussian, pairs_actor (share of pairs ordered alike), regret_gaussian, regret_actor (what the noise critics' best lacks, as a share of the range); and along whole episodes in environments of its own what the critics promise, what comes, and the difference: q_value, q_return, q_bias. Nothing of the agent moves.",
      options: DiagnosisOptions.self) {
      [unowned self] (agent: AgentObject, options: LuaTable?) throws -> LuaTable in
      let options: DiagnosisOptions = try (options ?? LuaTable()).decode()
      for size in [options.observations, options.states, options.noises, options.episodes] { try checkSize("a diagnosis' numbers", max(size, 1)) }
      return try long {
        let rollouts = options.episodes > 0 ? try agent.environment.recipe.vector(count: min(options.episodes, 10), seed: options.seed) : nil
        let found = try diagnose(agent.agent, options, rollouts: rollouts)
        return LuaTable(found.sorted { $0.key < $1.key }.map { ($0.key, LuaValue.number($0.value)) })
      }
    }
  }
}

private let diagnosisOptions: KeyValuePairs = [
  "observations": "from the replay, for the actor's numbers", "states": "of these, at how many the critics are compared",
  "noises": "of each law at each of the states", "episodes": "whole episodes for the critics' bias; 0: it is not measured",
  "seed": "of what is drawn, and of the episodes",
]
