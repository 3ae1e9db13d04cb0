using System.Collections.Immutable;
using Palisade.Dataplane.Proof.Kernel;

namespace Palisade.Dataplane.Proof.Space;

/// <summary>Finds whole keys in a set: single keys at once, ranges one after the other.</summary>
internal sealed class SetIndex
{
    private readonly Dictionary<ByteKey, KernelElement> _single = [];
    private readonly List<KernelElement> _ranges = [];

    public SetIndex(KernelSet set)
    {
        foreach (var element in set.Elements)
        {
            if (element.First.AsSpan().SequenceEqual(element.Last))
                _single[new(element.First)] = element;
            else
                _ranges.Add(element);
        }
    }

    public KernelElement? Find(byte[] key, ImmutableArray<Field> fields)
    {
        if (_single.TryGetValue(new(key), out var element))
            return element;
        foreach (var range in _ranges)
        {
            if (KeyLayout.Matches(range, key, fields))
                return range;
        }

        return null;
    }
}
