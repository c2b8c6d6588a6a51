import Agents
import Diffusion
import Environments
import LuaBridge

// What every option is, with its unit: one line each, for help and completion. Defaults are those of the types themselves.
extension Session {
  func documentOptions() {
    for (name, doc) in agentOptions + denoiserOptions + networkOptions + environmentOptions + layerOptions + optimizerOptions { lua.registry.document(option: name, doc) }
    lua.registry.document("dsrl.agent.sac", options: [
      "env": "Environment made with num_envs: where it learns", "demonstrations": "DataSet of which every batch takes a share, in the environment's units",
    ])
    lua.registry.document(option: "dsrl.agent.residual.init_rollout_steps", "vector steps with random corrections before the first update")
    for name in ["dsrl_na", "dsrl_sac", "residual", "best_of_n", "dql", "golden_ticket", "bounded_base"].map({ "dsrl.agent." + $0 }) {
      lua.registry.document(name, options: ["env": "Environment made with num_envs: where it learns", "policy": "Policy that is steered; stays frozen"])
    }
    for name in ["dsrl.agent.dsrl_na", "dsrl.agent.dsrl_sac"] {
      lua.registry.document(choices: "\(name).parity", Parity.allCases.map(\.rawValue))
    }
    lua.registry.document("dsrl.agent.dsrl_na", options: [
      "offline_data": "DataSet in the environment's units that it learns from, alone (agent:learn_offline) or beside what it does itself",
      "parity": parityOfDSRLNA,
    ])
    lua.registry.document("dsrl.agent.dsrl_sac", options: [
      "parity": parityOfDSRLSAC,
    ])
    lua.registry.document(option: "dsrl.agent.bounded_base.action_magnitude", "b: the noises lie in [-b, b]")
    lua.registry.document(option: "dsrl.agent.dql.init_rollout_steps", "vector steps with the given policy before the first update")
    lua.registry.document(option: "dsrl.agent.dql.critic_warmup", "gradient steps that leave the policy alone")
    lua.registry.document(option: "dsrl.agent.dql.max_grad_norm", "the largest norm of the policy's gradient; nil: no clipping")
    lua.registry.document(option: "dsrl.agent.golden_ticket.candidates", "noises that are tried")
    lua.registry.document("Agent:learn", options: [
      "steps": "environment steps to do in this call", "eval_every": "environment steps between evaluations; none without it",
      "eval_episodes": "episodes of each evaluation (10)", "eval_seed": "of each evaluation (the run's seed + 1000000)",
      "eval_env": "Environment or id to evaluate in (one like the agent's)", "num_eval_envs": "environments side by side in an evaluation",
      "deterministic": "acts without noise when evaluated (false)", "log_every": "environment steps between lines of metrics",
      "save_every": "environment steps between checkpoints of a run, beside the one at its stop",
      "diagnostics": "true, or every so many steps: agent:diagnose along the way, the base policy beside each evaluation, a picture and words at the end (false)",
      "on_eval": "function(agent, evaluation, step); false ends the learning", "on_step": "function(agent, advance, step); false ends the learning",
    ])
    lua.registry.document("Agent:learn_offline", options: [
      "gradient_steps": "of the critics, to do in this call", "eval_every": "gradient steps between evaluations; none without it",
      "eval_episodes": "episodes of each evaluation (10)", "eval_seed": "of each evaluation (the run's seed + 1000000)",
      "eval_env": "Environment or id to evaluate in (one like the agent's)", "num_eval_envs": "environments side by side in an evaluation",
      "deterministic": "acts without noise when evaluated (false)", "log_every": "gradient steps between lines of metrics",
      "save_every": "gradient steps between checkpoints of a run, beside the one at its stop",
      "diagnostics": "true, or every so many gradient steps: agent:diagnose along the way, the base policy beside each evaluation, a picture and words at the end (false)",
      "on_eval": "function(agent, evaluation, step); false ends the learning", "on_step": "function(agent, advance, step); false ends the learning",
      "on_episode": "function(agent, episode, step), for each episode that ended; false ends the learning",
    ])
    lua.registry.document("dsrl.suite", options: [
      "name": "of the suite and of its folder below runs/", "script": "that every cell runs, from here or beside this file",
      "grid": "{option = {values}, seed = {numbers}}: all combinations are run", "options": "the script's options that are the same in all cells",
      "method_key": "the option whose values are the methods (\"method\")", "task_key": "the option whose values are the tasks (\"env\")",
      "metric": "the score, of a run's metrics (\"eval/mean_reward\")", "last_evaluations": "a score is the mean of so many last evaluations (1)",
      "normalize": "{[task] = {low, high}}: what is 0 and 1 on a scale that all tasks share", "published": "{[task] = {[label] = {steps =, values =}}}: curves to lay over ours",
      "time_limit": "wall time of one start of a cell, \"2h\"; none without it",
    ])
    lua.registry.document("dsrl.evaluate", options: [
      "agent": "Agent, or function(observations) -> actions", "policy": "Policy, or function(observations) -> actions", "actor": "Actor",
      "env": "Environment or id (an agent's own kind)", "episodes": "whole episodes (10)", "seed": "of the environments and of the noise (0)",
      "num_envs": "environments side by side (as many as episodes, at most 10)", "deterministic": "acts without noise (false; an actor's own)",
      "base": "also runs the policy that the agent steers, on the same seeds (false)",
      "distributed": "splits the episodes over the ranks of mpirun; all of them call it (false)",
    ])
    lua.registry.document("dsrl.data.collect", options: [
      "env": "Environment or id; the data come from ones like it", "policy": "Policy, Agent, Actor or function(observations) -> actions",
      "steps": "environment steps, at least", "episodes": "whole episodes, exactly; instead of steps", "num_envs": "side by side (that of env, else 1)",
      "seed": "of the environments and of the noise (0)", "deterministic": "acts without noise (false)",
      "noise": "standard deviation of normal noise on every action, in half ranges of the action space (0)",
    ])
    documentDistOptions()
    documentDataOptions()
    lua.registry.document("dsrl.data.make", options: [
      "observations": "[steps, observation]", "actions": "[steps, action]", "rewards": "[steps] (0)",
      "terminals": "where the task ended the episode (nowhere)", "timeouts": "where it was cut off (nowhere)",
    ])
    lua.registry.document("dsrl.data.demonstrations", options: [
      "env": "a task that has a demonstrator (\"PointFork-v0\")", "episodes": "whole episodes (100)", "seed": "of the demonstrator (0)",
    ])
    lua.registry.document("dsrl.env.make", options: [
      "num_envs": "environments stepped together; a single one without it", "chunk": "actions executed per step, open loop (1)",
      "observation_steps": "observations shown at once, oldest first (1)", "seed": "of its random numbers (0)",
      "max_episode_steps": "environment steps until truncation (the task's own)",
    ])
    lua.registry.document("dsrl.policy.diffusion", options: [
      "env": "Environment whose sizes it takes", "observation_size": "numbers in an observation, instead of env", "action_size": "numbers in an action, instead of env",
      "observation_steps": "observations that it sees at once (env's)", "horizon": "actions in a chunk (action_steps + action_offset)",
      "action_steps": "actions of a chunk that are executed (env's chunk)", "action_offset": "actions of a chunk before the present",
      "network": "the denoiser's kind and shape, or a module", "network.kind": "residual_mlp (its default), mlp, unet1d or transformer", "process": "the noising", "process.kind": "which of the three (\"ddpm\")", "sampler": "Sampler (ddim of 5 steps)",
      "precision": "how the frozen network is evaluated (\"float32\")",
      "normalization": "{observation_min, observation_max, action_min, action_max}: ranges that become [-1, 1] (fit finds them)", "seed": "of the initial weights and of the noise (0)",
    ])
    lua.registry.document("Policy:fit", options: ["pad_after": "actions of a chunk that may lie after its episode (0)"])
    lua.registry.document("dsrl.policy.dppo", options: [
      "normalization": "path of its normalization.npz", "weights": "which of its copies (\"ema\", where it is there)",
      "process": "the noising it was trained under (20 steps)", "action_steps": "actions of a chunk that are executed (all)", "sampler": "Sampler (ddim of 5 steps)", "horizon": "actions in a chunk, which the file of a U-Net does not tell", "seed": "of the noise (0)",
    ])
    lua.registry.document("dsrl.policy.reinflow", options: [
      "normalization": "path of its normalization.npz", "weights": "which of its copies (\"ema\", where it is there)",
      "action_steps": "actions of a chunk that are executed (all)", "sampler": "Sampler (4 Euler steps as ReinFlow takes them)", "horizon": "actions in a chunk, which the file of a U-Net does not tell", "seed": "of the noise (0)",
    ])
    lua.registry.document("Policy:export_onnx", options: ["opset": "version of ONNX's operators, 17 to 23 (17)"])
    lua.registry.document("dsrl.policy.load", options: ["network": "Module that takes the weights of one of the script's own", "seed": "of the noise it acts with (0)"])
    for (id, type) in environmentOptionTypes { lua.registry.document("dsrl.env.make", for: id, type) }
    let networks: [any LuaBridge.Options.Type] = [MLPDenoiserOptions.self, UNetDenoiserOptions.self, TransformerDenoiserOptions.self]
    for options in networks { lua.registry.document("dsrl.policy.diffusion", nested: "network", options) }
    let processes: [any LuaBridge.Options.Type] = [DDPM.self, EDM.self, Flow.self]
    for options in processes { lua.registry.document("dsrl.policy.diffusion", nested: "process", options) }
    lua.registry.document("dsrl.preset", optionsOf: "dsrl.agent.dsrl_na")
    lua.registry.document("dsrl.agent.load", options: [
      "env": "Environment where it goes on, made as the one it learned in", "policy": "Policy that it steers", "offline_data": "DataSet that it was given",
      "demonstrations": "DataSet that it was given",
    ])
    lua.registry.document("dsrl.agent.load_actor", options: ["policy": "Policy that a steering actor steers", "seed": "of its noise (0)"])
    for name in ["figure", "line", "scatter", "hist", "image"] { lua.registry.document("dsrl.plot.\(name)", options: figureOptions) }
    lua.registry.document(option: "Policy:fit.batch_size", "chunks per gradient step; nil: 256, or all where there are fewer")
    lua.registry.document(option: "Policy:fit.betas", "what AdamW's two averages keep of themselves")
    lua.registry.document(option: "Policy:fit.seed", "of batches, noises and the episodes held out")
    documentChoices()
  }

  private func documentChoices() {
    let ids = Environments.ids
    for name in ["dsrl.env.make", "dsrl.env.options", "dsrl.evaluate.env", "dsrl.data.collect.env", "Agent:learn.eval_env"] {
      lua.registry.document(choices: name, ids)
    }
    lua.registry.document(choices: "dsrl.data.demonstrations.env", Environments.demonstratedIds)
    lua.registry.document(choices: "dsrl.preset", presetNames)
    lua.registry.document(choices: "dsrl.policy.diffusion.network.kind", networkKinds)
    lua.registry.document(choices: "dsrl.policy.diffusion.process.kind", Process.Kind.allCases.map(\.rawValue))
    for name in ["dsrl.policy.diffusion.precision", "Policy:set_precision"] { lua.registry.document(choices: name, ["float32", "bfloat16"]) }
  }
}

/// What `parity` changes, a line each, and what the published code does that no option here repeats.
private let parityOfDSRLNA = """
  "dsrl-2025": other defaults, those of the published code.
  action_magnitude = 1 (1.5): its files name one, which it never reads, so that the noise stays in [-1, 1].
  init_noise = "unbounded" ("restricted"): the first noises are drawn from N(0, I) and not cut to the box.
  distillation_noise = "standard_normal" ("gaussian", within the box): the noise critic learns from noises beyond the actor's box.
  time_limits = "terminate" ("bootstrap"): an episode that was cut off has no value after it.
  As here: the actor moves before the distillation, entropy is in the backup, head i learns head i, the critic that is distilled is not the target.
  Not repeated: it steps on after an episode's end within a chunk; draws the first noise of learning uniformly; counts a chunk of the first rollouts as one step; adds up an evaluation's returns over episodes that it then resets.
  """
private let parityOfDSRLSAC = """
  "dsrl-2025": other defaults, those of the published code.
  init_noise = "clipped" ("restricted"): the first noises are drawn from N(0, I) and cut to the box.
  time_limits = "terminate" ("bootstrap"): an episode that was cut off has no value after it.
  As here: it does read action_magnitude; entropy is in the backup.
  Not repeated: it makes a chunk of its first noises twice (the chunk itself taken for noise); steps on after an episode's end within a chunk; counts a chunk of the first rollouts as one step; adds up an evaluation's returns over episodes that it then resets.
  """

/// The tasks of stdlib/preset.lua.
let presetNames = ["can", "halfcheetah", "hopper", "lift", "square", "transport", "walker2d"]

private let figureOptions: KeyValuePairs = [
  "file": "draws into a file at once, .svg or .png", "title": "above it", "xlabel": "below the x axis", "ylabel": "beside the y axis",
  "xlog": "logarithmic x axis (false)", "ylog": "logarithmic y axis (false)", "xlim": "{low, high} of the x axis", "ylim": "{low, high} of the y axis",
  "legend": "names of the series (true)", "width": "pixels of a file (800)", "height": "pixels of a file (500)",
]

private let agentOptions: [(String, String)] = [
  ("action_magnitude", "b: the actor's noises lie in [-b, b]"),
  ("gradient_steps", "per call of the updates; -1: as many as transitions came in"),
  ("noise_critic_grad_steps", "distillation steps per call of the updates"),
  ("train_freq", "vector steps between calls of the updates"),
  ("init_rollout_steps", "vector steps with the policy's own noise before the first update"),
  ("init_noise", "the standard normal of those noises at the box: drawn again outside it, clipped to it, or unbounded"),
  ("time_limits", "whether what comes after a time limit counts in the critics' target, or it ends as where the task ends"),
  ("bc_weight", "eta: of the loss that the policy was trained by, on what was done"), ("normalize_q", "the critics' values count in parts of their mean size"),
  ("search", "plain: every candidate plays as many episodes; halving: in rounds of equal budget, after each the better half goes on"),
  ("budget", "episodes of a whole search by halving, at most; nil: candidates · episodes_per_candidate"),
  ("learning_starts", "environment steps with random actions before the first update"),
  ("hidden", "widths of the hidden layers"), ("activation", "of the hidden layers"), ("layer_norm", "layer norm in the hidden layers"),
  ("network_precision", "what the operands of the networks' products are rounded to while they learn; sums, weights and optimisers stay float32"),
  ("n_critics", "critics side by side"),
  ("critic_backup_combine", "how the critics' values become one; min_of_subset: in targets the least of critic_subset drawn critics, else the mean"),
  ("critic_std_weight", "rho of mean_minus_std, mean - rho std over the critics"), ("critic_subset", "critics drawn for each target of min_of_subset"),
  ("learning_rate", "of every optimiser"), ("actor_learning_rate", "nil: learning_rate"), ("critic_learning_rate", "nil: learning_rate"),
  ("noise_critic_learning_rate", "nil: learning_rate"), ("ent_coef_learning_rate", "nil: learning_rate"),
  ("batch_size", "transitions per gradient step"), ("buffer_size", "transitions remembered"), ("tau", "share of the critics that moves into the targets"),
  ("gamma", "discount per chunk"), ("discount_per_step", "gamma counts every executed step instead of the chunk"),
  ("reward_scale", "multiplies the rewards in the critics' targets"), ("ent_coef", "weight of the entropy: \"auto\", \"auto_0.1\" or a number"),
  ("ent_coef_min", "the least of a learned ent_coef"),
  ("target_entropy", "nats, in the units of entropy_of; \"auto\": minus the number of outputs"),
  ("target_entropy_unit", "whether target_entropy is of all outputs together or of each"),
  ("entropy_of", "what the entropy is of: the output u in [-1, 1], or the noise w = b u, whose entropy is larger by ln b for each number"),
  ("magnitude_inside_tanh", "w = b tanh(x / b) of the actor's Gaussian x, instead of b tanh(x)"),
  ("noise_tying", "which of a chunk's noises are free: all, those of one action that repeats, or those of noise_knots actions, straight lines between them"),
  ("noise_knots", "actions whose noises are free where noise_tying is interpolated"),
  ("demonstration_ratio", "share of the demonstrations in each batch; nil: half, where there are some"),
  ("offline_mix_ratio", "share of offline_data in each batch; nil: they lie in the replay among what the agent does itself"),
  ("residual_scale", "corrections lie in [-this, this], in the policy's [-1, 1] units"),
  ("candidates", "chunks of which the critics choose the best, when it acts and in the critics' target"),
  ("episodes_per_candidate", "whole episodes for each candidate"),
  ("best_of_n", "draws of the actor of which the critics choose the best when it acts with noise"),
  ("target_best_of_n", "draws of which the target critics choose the next action in the critics' target"),
  ("entropy_in_backup", "the critics' target counts the next noise's entropy"), ("distillation_noise", "law of the noises that Q^W learns at: the standard normal in the box (gaussian) or without bounds (standard_normal), uniform in the box, the actor's, or half gaussian and half the actor's (mixed)"),
  ("distillation_noises", "noises per observation of a distillation's batch"),
  ("distillation_target", "what the heads of Q^W learn of Q^A's: each its own, or all the least or the mean"),
  ("update_order", "when the actor moves within a call of the updates"), ("critic_warmup", "gradient steps that leave the actor alone"),
  ("actor_init", "where the actor starts"), ("seed", "of its random streams"),
]

private let denoiserOptions: [(String, String)] = [
  ("kind", "of network"), ("time_size", "numbers that embed the time"), ("condition_hidden", "widths of layers for the observation; nil: none"),
  ("steps", "denoising steps"), ("spacing", "which of the process's times are taken"), ("clip", "bound of the denoised sample; false: none"),
  ("schedule", "how the noise grows"), ("beta_start", "first noise of a linear schedule"), ("beta_end", "last noise of a linear schedule"),
  ("prediction", "what a ddpm network says: \"epsilon\", \"sample\", \"v\""), ("min_snr", "bound of the signal-to-noise ratio in the loss; nil: none"),
  ("sigma_data", "standard deviation of the data"), ("p_mean", "mean of ln sigma in training"), ("p_std", "its standard deviation"),
  ("direction", "of a flow's time: \"to_action\" or \"to_noise\""), ("time_law", "how a flow's times are drawn in training"),
  ("time_mean", "of the logit-normal time law"), ("time_std", "of the logit-normal time law"), ("time_alpha", "of the beta time law"),
  ("time_beta", "of the beta time law"), ("time_scale", "the network is told time_scale * t"), ("source_mean", "where a flow's noise is centred: a number, or one for each of the noise's"),
  ("source_scale", "its standard deviation, likewise"),
  ("coupling", "which noise goes with which chunk of a batch: \"independent\", or \"ot\", the shortest pairing; that exchanges noises between observations, so that the noise depends on the observation, the flow is biased and steering by the noise loses; \"ot\" is refused where observations vary, \"ot_across_observations\" is not"), ("times", "the process's times themselves, falling"), ("eta", "noise of ddim's steps, 0 to 1"),
  ("final_clip", "bound of the result; false: none"), ("point_clip", "bound of every point on the way; nil: none"), ("min_std", "least noise of an ancestral step"), ("noise_clip", "bound of the inner noise"),
  ("frozen", "decode keeps one inner noise; false: it refuses"), ("method", "how the differential equation is solved"),
  ("sigma_min", "last noise level"), ("sigma_max", "first noise level"), ("rho", "how the levels crowd at the end"),
  ("s_churn", "noise put back in all"), ("s_tmin", "no noise is put back below this level"), ("s_tmax", "nor above this"), ("s_noise", "its scale"),
  ("epochs", "passes over the data"), ("final_learning_rate", "where the schedule ends"),
  ("learning_rate_schedule", "how the learning rate falls"), ("warmup_steps", "gradient steps in which it rises, instead of epochs"),
  ("ema_power", "exponent of a decay that grows with the steps; nil: ema_decay throughout"), ("ema_inv_gamma", "the larger, the slower it grows"),
  ("ema_min_decay", "the least of such a decay"), ("ema_warmup_epochs", "epochs in which the average is a copy; nil: while the learning rate rises"),
  ("ema_every", "gradient steps from one update of the average to the next"), ("validation", "share of the episodes that is held out, whole, to judge by"),
  ("keep", "weights that are left: those of the best or of the last epoch; nil: best where episodes are held out"),
  ("patience", "epochs without a lower validation loss after which training ends; nil: none"),
  ("warmup_epochs", "epochs in which the learning rate rises"), ("weight_decay", "the optimiser's, per step"), ("ema_decay", "of the average of the weights"),
]

private let networkOptions: [(String, String)] = [
  ("down_dims", "channels of a U-Net's levels; DPPO's of robomimic: {40, 80} with diffusion_step_embed_dim 16 and larger_encoder"), ("diffusion_step_embed_dim", "numbers that embed the time in a U-Net"),
  ("n_layer", "layers of a transformer"), ("n_head", "heads of its attention"), ("n_emb", "numbers in its tokens"),
  ("p_drop_emb", "dropout on the tokens as they come in"), ("p_drop_attn", "dropout within its layers"),
  ("causal_attn", "an action sees no later action"),
]

private let layerOptions: [(String, String)] = [
  ("stride", "places from one output to the next"), ("padding", "zeros on either side of the input"), ("output_padding", "places added at the end of the output"),
  ("dilation", "places between two of the kernel's weights"), ("groups", "channels in so many parts, each with weights of its own"),
  ("bias", "a number added to every output channel"), ("kernel_size", "places that a convolution sees"), ("n_groups", "of the group norms"),
  ("larger_encoder", "the condition goes through three layers, as in DPPO, instead of one"), ("groupnorm_eps", "added to the variance in the group norms"),
  ("cond_predict_scale", "the condition scales the channels too, beside shifting them"), ("output_activation", "after the last layer"),
  ("retain_graph", "the graph can be walked again"),
]

private let optimizerOptions: [(String, String)] = [
  ("momentum", "what the velocity keeps of itself"), ("nesterov", "looks ahead along the velocity"),
  ("max_grad_norm", "the largest norm of all gradients together; nil: no clipping"), ("betas", "what Adam's two averages keep of themselves"),
  ("eps", "added to the root of the second average"), ("decay", "what the average keeps of itself"),
  ("power", "nil, or the exponent of a decay that grows with the steps"), ("inv_gamma", "the larger, the slower that decay grows"), ("min_decay", "the least of it"),
  ("warm_up", "steps in which the average is a copy"),
  ("every", "steps from one update to the next"),
]

private let environmentOptions: [(String, String)] = [
  ("paying_side", "the side of the obstacle that pays"), ("start_spread", "episodes start this near the origin, or a start cell's middle, in each coordinate"),
  ("finish_line", "x of the line with the gates, where the reward is; episodes are cut off after 30 steps for each unit of it"),
  ("g", "gravity, m/s²"), ("goal_velocity", "the least speed at the goal that ends the episode"),
  ("observation_size", "numbers in an observation"), ("action_size", "numbers in an action"), ("termination", "the probability that a step ends the episode"),
  ("xml_file", "the MuJoCo model: a file that scripts/setup brings, or a path"), ("frame_skip", "simulation steps per step"),
  ("forward_reward_weight", "of the speed along x, m/s"), ("ctrl_cost_weight", "of the sum of squares of the action"),
  ("contact_cost_weight", "of the sum of squares of the contact forces"), ("contact_cost_range", "{low, high} of the cost of contact forces"),
  ("contact_force_range", "{low, high} that contact forces are clipped to"), ("impact_cost_weight", "of the sum of squares of the contact forces"),
  ("impact_cost_range", "{low, high} of the cost of contact forces"), ("uph_cost_weight", "of the height over a simulation step's seconds"),
  ("healthy_reward", "of every step that ends healthy"), ("terminate_when_unhealthy", "the first state that is not healthy ends the episode"),
  ("healthy_state_range", "{low, high} of the other positions and of the velocities"), ("healthy_z_range", "{low, high} of the height, m"),
  ("healthy_angle_range", "{low, high} of the trunk's angle, rad"), ("reset_noise_scale", "of what is drawn where an episode starts"),
  ("exclude_current_positions_from_observation", "the place on the ground is not observed"), ("main_body", "the body whose speed is paid, by number or name"),
  ("include_cinert_in_observation", "the bodies' inertias are observed"), ("include_cvel_in_observation", "the bodies' velocities are observed"),
  ("include_qfrc_actuator_in_observation", "the motors' forces are observed"), ("include_cfrc_ext_in_observation", "the contact forces are observed"),
  ("desired_speed", "the speed that counts as full progress, m/s"), ("replan_interval", "seconds that a plan is followed, in tenths"),
  ("cars_per_lane", "other cars in each lane"), ("progress_weight", "paid for a step at the desired speed"), ("safety_weight", "charged for a crash"),
  ("comfort_weight", "charged for jerk² / 25 + lateral acceleration² / 4, means over a step, m/s³ and m/s²"),
  ("layout", "the maze: a name (two_routes, three_routes, u, medium), or its rows: '#' wall, '.' free, 'S' start, 'G' goal, a to z checkpoints"),
  ("paying_route", "the checkpoint whose route pays; nil: every way to the goal"), ("reward", "paid at the goal alone (sparse), or on the way there too (dense); the rules of an environment say what"),
  ("success_coverage", "the share of the goal's area that is to be covered"), ("goal", "{x, y, angle}: where the block is to lie, in the action's units and rad"),
  ("reward_dist_weight", "of the distance from the goal, m"), ("reward_near_weight", "of the fingertips' distance from the object, m"),
  ("reward_control_weight", "of the sum of squares of the action"),
]
