package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The files of a model that was saved by several ranks, each in a folder of its own: `mp_rank_TT/` where only
/// tensors are cut, `tp_rank_TT_pp_rank_PPP/` where the layers are dealt out too (Megatron-LM: `mp_rank_TT_PPP/`).
///
/// @param stages names by pipeline rank, then by tensor-parallel rank
record RankFiles(List<List<String>> stages) {
    private static final Pattern FOLDER = Pattern.compile("[mt]p_rank_(\\d{2,3})(?:_(?:pp_rank_)?(\\d{3}))?");

    /// @param names  of all files, with their folders
    /// @param file   name of a rank's weights in its folder
    /// @param label  names the model in errors
    /// @throws CheckpointException if a rank between others is missing, or is there twice
    static RankFiles of(List<String> names, String file, String label) {
        Map<Integer, TreeMap<Integer, String>> found = new TreeMap<>();
        for (String name : names) {
            Matcher folder = FOLDER.matcher(name.substring(0, Math.max(0, name.lastIndexOf('/'))));
            if (folder.matches() && name.endsWith("/" + file)) {
                int stage = folder.group(2) == null ? 0 : Integer.parseInt(folder.group(2));
                int rank = Integer.parseInt(folder.group(1));
                String other =
                        found.computeIfAbsent(stage, added -> new TreeMap<>()).put(rank, name);
                if (other != null) {
                    throw new CheckpointException(label + " has one rank's weights twice, " + other + " and " + name);
                }
            }
        }
        int ranks = found.values().stream()
                .mapToInt(stage -> stage.lastKey() + 1)
                .max()
                .orElse(0);
        List<List<String>> stages = new ArrayList<>();
        int count = found.keySet().stream().mapToInt(stage -> stage + 1).max().orElse(0);
        for (int stage = 0; stage < count; stage++) {
            stages.add(stage(stage, found.getOrDefault(stage, new TreeMap<>()), ranks, label));
        }
        return new RankFiles(List.copyOf(stages));
    }

    private static List<String> stage(int stage, Map<Integer, String> byRank, int ranks, String label) {
        for (int rank = 0; rank < ranks; rank++) {
            if (!byRank.containsKey(rank)) {
                throw new CheckpointException(label + " lacks the weights of tensor-parallel rank " + rank
                        + ", pipeline rank " + stage + ": it is not whole\n  Copy or download it again.");
            }
        }
        return List.copyOf(byRank.values());
    }

    static boolean isRankFolder(String name) {
        return FOLDER.matcher(name).matches();
    }

    boolean isEmpty() {
        return stages.isEmpty();
    }
}
