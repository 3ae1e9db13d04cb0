using System.Collections.Immutable;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;

namespace Palisade.Dataplane.Proof;

/// <summary>Which packets of a scene are found in a set by some of their fields; in a map, per verdict.</summary>
internal sealed class KeyValues
{
    private readonly List<(KernelVerdict? Verdict, PacketSet Packets)> _found = [];

    public IReadOnlyList<(KernelVerdict? Verdict, PacketSet Packets)> Found => _found;

    /// <summary>What is not known about the key or the set; null: nothing.</summary>
    public string? Unknown { get; private init; }

    /// <summary>A part of the key cannot be loaded: the rule ends.</summary>
    public bool IsAbsent { get; private init; }

    public static KeyValues Of(
        ImmutableArray<Field> fields, string name, Scene scene, BasePlace place, PacketSpace space, PacketSet live)
    {
        if (!space.Table.Sets.TryGetValue(name, out var set))
            return new() { Unknown = $"there is no set {name}" };
        if (set.Opaque is { } opaque)
            return new() { Unknown = $"set {name}: {opaque}" };
        var values = fields.Select(field => scene.ValueOf(field, place, space)).ToImmutableArray();
        if (values.Any(value => value is Absent))
            return new() { IsAbsent = true };
        var open = values.Select((value, i) => value is OpenAddress ? i : -1).Where(i => i >= 0).ToList();
        var strange = values.FirstOrDefault(value => value is not (KnownBytes or BytesOfFlow or OpenAddress));
        if (strange is not null || open.Count > 1)
            return new() { Unknown = $"the key of a lookup in {name}: {strange}" };
        var found = new KeyValues();
        if (values.All(value => value is not BytesOfFlow))
        {
            found.Add(set, fields, values, open, space, space.AllFlows, default);
            return found;
        }

        var flows = live.Blocks.SelectMany(block => block.Flows.Numbers()).Distinct().Order();
        foreach (var alike in flows.GroupBy(flow => new ByteKey(KeyOf(fields, values, space.Flows[flow]))))
        {
            var some = alike.ToList();
            if (values.OfType<BytesOfFlow>().Any(value => value.Of(space.Flows[some[0]]) is null))
                return new() { Unknown = $"the key of a lookup in {name}: bytes of another transport header" };
            found.Add(set, fields, values, open, space, Bits.Of(some), space.Flows[some[0]]);
        }

        return found;
    }

    private void Add(
        KernelSet set, ImmutableArray<Field> fields, ImmutableArray<FieldValue> values, List<int> open,
        PacketSpace space, Bits flows, Flow flow)
    {
        var key = KeyOf(fields, values, flow);
        if (open.Count == 1)
        {
            foreach (var (verdict, atoms) in space.Found(set, fields, open[0], key))
                _found.Add((verdict, PacketSet.Of(flows, atoms)));
            return;
        }

        if (space.Find(set, fields, key) is { } element)
            _found.Add((element.Verdict, PacketSet.Of(flows, space.Atoms.All)));
    }

    /// <summary>The key's bytes with each field padded to 4; nothing in the open address' place.</summary>
    private static byte[] KeyOf(ImmutableArray<Field> fields, ImmutableArray<FieldValue> values, Flow flow)
    {
        var (offset, length) = KeyLayout.PlaceOf(fields, fields.Length - 1);
        var key = new byte[fields.Length == 1 ? length : offset + (length + 3) / 4 * 4];
        for (var i = 0; i < fields.Length; i++)
        {
            var bytes = values[i] switch
            {
                KnownBytes known => known.Bytes,
                BytesOfFlow of => of.Of(flow) ?? [],
                _ => [],
            };
            bytes.CopyTo(key, KeyLayout.PlaceOf(fields, i).Offset);
        }

        return key;
    }
}
