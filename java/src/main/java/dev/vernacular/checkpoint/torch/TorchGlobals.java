package dev.vernacular.checkpoint.torch;

import dev.vernacular.checkpoint.pickle.Global;
import dev.vernacular.checkpoint.pickle.PythonTypes;
import dev.vernacular.checkpoint.pickle.Reconstructor;
import dev.vernacular.checkpoint.pickle.Tuple;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Rebuilds tensors from what `torch.save` records: storages by persistent id, views of them by `_rebuild_…`
/// calls.
final class TorchGlobals implements Reconstructor {
    private static final Set<String> HARMLESS =
            Set.of("torch.Size", "torch.device", "torch.nn.parameter.Parameter", "torch.storage.UntypedStorage");
    private final Map<String, ZipMember> members;
    private final String prefix;
    private final ByteOrder order;
    private final Map<String, MappedStorage> storages = new HashMap<>();

    /// @param members of the zip
    /// @param prefix  root folder inside it, with its slash
    TorchGlobals(Map<String, ZipMember> members, String prefix, ByteOrder order) {
        this.members = members;
        this.prefix = prefix;
        this.order = order;
    }

    /// Whether a name may stand in a file of weights.
    static boolean isHarmless(Global global) {
        return HARMLESS.contains(global.toString())
                || global.module().equals("torch._utils") && global.name().startsWith("_rebuild_")
                || global.module().equals("torch._tensor") && global.name().startsWith("_rebuild_")
                || global.module().equals("torch")
                        && (TorchDtype.ofStorageClass(global.name()).isPresent()
                                || TorchDtype.ofTorchName(global.name()).isPresent())
                || PythonTypes.isHarmless(global);
    }

    /// A storage as a tensor will see it: an element type comes with its class, or with the tensor (`empty`).
    private record PickledStorage(Optional<TorchDtype> dtype, MappedStorage bytes) {}

    @Override
    public Object persistent(Object id) {
        if (!(id instanceof Tuple(List<Object> parts)
                && parts.size() >= 5
                && "storage".equals(parts.get(0))
                && parts.get(1) instanceof Global type
                && parts.get(2) instanceof String key
                && parts.get(4) instanceof Long count)) {
            throw new IllegalArgumentException("a reference to something other than a tensor storage");
        }
        Optional<TorchDtype> dtype = type.equals(new Global("torch.storage", "UntypedStorage"))
                ? Optional.empty()
                : Optional.of(storageType(type));
        MappedStorage storage = storages.computeIfAbsent(key, this::map);
        int width = dtype.map(TorchDtype::bytes).orElse(1);
        if (count < 0 || count > Long.MAX_VALUE / width || storage.byteSize() != count * width) {
            throw new IllegalArgumentException("storage " + key + " should have " + count + " elements of " + width
                    + " bytes, its member has " + storage.byteSize() + " bytes");
        }
        return new PickledStorage(dtype, storage);
    }

    private static TorchDtype storageType(Global type) {
        Optional<TorchDtype> dtype =
                type.module().equals("torch") ? TorchDtype.ofStorageClass(type.name()) : Optional.empty();
        return dtype.orElseThrow(() -> new IllegalArgumentException("a storage of the unknown kind " + type));
    }

    private MappedStorage map(String key) {
        ZipMember member = members.get(prefix + "data/" + key);
        if (member == null) {
            throw new IllegalArgumentException("the file has no member " + prefix + "data/" + key);
        }
        return new MappedStorage(member, order);
    }

    @Override
    public Optional<Object> call(Global function, List<Object> arguments) {
        return switch (function.toString()) {
            case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" -> Optional.of(tensor(arguments));
            case "torch._utils._rebuild_tensor_v3" -> Optional.of(tensorWithDtype(arguments));
            case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" ->
                Optional.of(firstTensor(arguments));
            case "torch._tensor._rebuild_from_type_v2" -> subclass(arguments);
            case "torch.Size" -> PythonTypes.call(new Global("builtins", "tuple"), arguments);
            default -> PythonTypes.call(function, arguments);
        };
    }

    private static TorchTensor tensor(List<Object> arguments) {
        if (arguments.size() >= 4 && arguments.get(0) instanceof PickledStorage(var dtype, var bytes)) {
            return view(
                    dtype.orElseThrow(() -> new IllegalArgumentException("a tensor without an element type")),
                    bytes,
                    arguments);
        }
        throw new IllegalArgumentException("a tensor without a storage");
    }

    /// Version 3 names the element type after the hooks.
    private static TorchTensor tensorWithDtype(List<Object> arguments) {
        if (arguments.size() >= 7
                && arguments.get(0) instanceof PickledStorage(var none, var bytes)
                && arguments.get(6) instanceof Global type
                && type.module().equals("torch")) {
            return view(
                    TorchDtype.ofTorchName(type.name())
                            .orElseThrow(() -> new IllegalArgumentException("a tensor of the unknown type " + type)),
                    bytes,
                    arguments);
        }
        throw new IllegalArgumentException("a tensor without a storage and an element type");
    }

    private static TorchTensor view(TorchDtype dtype, MappedStorage bytes, List<Object> arguments) {
        if (!(arguments.get(1) instanceof Long offset)) {
            throw new IllegalArgumentException("a tensor whose offset is no number");
        }
        return new TorchTensor(dtype, numbers(arguments.get(2)), numbers(arguments.get(3)), offset, bytes);
    }

    private static long[] numbers(Object value) {
        if (value instanceof Tuple(List<Object> items) && items.stream().allMatch(Long.class::isInstance)) {
            return items.stream().mapToLong(Long.class::cast).toArray();
        }
        throw new IllegalArgumentException("a tensor whose shape is no tuple of numbers");
    }

    private static TorchTensor firstTensor(List<Object> arguments) {
        if (!arguments.isEmpty() && arguments.getFirst() instanceof TorchTensor tensor) {
            return tensor;
        }
        throw new IllegalArgumentException("a parameter without a tensor");
    }

    /// A subclass of Tensor is recorded as (function, class, arguments, state): the plain tensor is what
    /// matters.
    private Optional<Object> subclass(List<Object> arguments) {
        if (arguments.size() >= 3
                && arguments.get(0) instanceof Global inner
                && inner.module().equals("torch._utils")
                && arguments.get(2) instanceof Tuple(List<Object> innerArguments)) {
            return call(inner, innerArguments);
        }
        throw new IllegalArgumentException("a tensor subclass without a tensor");
    }
}
