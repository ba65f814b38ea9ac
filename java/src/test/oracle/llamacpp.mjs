// What llama.cpp makes of a GGUF file, through the npm package node-llama-cpp (its prebuilt binaries, CPU).
//   node llamacpp.mjs MODEL.gguf QUESTIONS.json ANSWERS.json
//   questions: {"lines": [text], "prompts": [[id]], "tokens": N, "forbidden_from": ID}
//   answers:   {"release", "ids": [[id]], "greedy": [{"ids": [id], "probabilities": [p]}]}
// LLAMA_MODULE names the package's dist/index.js where it is not beside this file (NODE_PATH does not apply to ES modules).
import fs from "node:fs";
const { getLlama, TokenBias, LlamaLogLevel } = await import(process.env.LLAMA_MODULE || "node-llama-cpp");
const asked = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
const llama = await getLlama({ gpu: false, build: "never", progressLogs: false, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: process.argv[2] });
const answers = { release: llama.llamaCppRelease.release, ids: asked.lines.map(line => model.tokenize(line, true)), greedy: [] };
if (asked.prompts.length) {
  const context = await model.createContext({ contextSize: model.trainContextSize, sequences: 1, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32", flashAttention: false });
  const sequence = context.getSequence();
  const tokenBias = new TokenBias(model.tokenizer);
  for (let id = asked.forbidden_from; id < model.fileInfo.metadata.tokenizer.ggml.tokens.length; id++) tokenBias.set(id, "never");
  for (const prompt of asked.prompts) {
    await sequence.clearHistory();
    const ids = [], probabilities = [];
    const options = { temperature: 0, yieldEogToken: true, tokenBias };
    for await (const { token, confidence } of sequence.evaluateWithMetadata(prompt, { confidence: true }, options)) {
      ids.push(token);
      probabilities.push(confidence);
      if (ids.length === asked.tokens) break;
    }
    answers.greedy.push({ ids, probabilities });
  }
}
fs.writeFileSync(process.argv[4], JSON.stringify(answers) + "\n");
process.exit(0);
