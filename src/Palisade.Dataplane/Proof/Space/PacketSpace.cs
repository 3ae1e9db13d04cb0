using System.Collections.Immutable;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof.Space;

/// <summary>What the routing table says about some addresses (RTN_*).</summary>
internal enum AddressKind : byte
{
    Unicast = 1,
    Local = 2,
    Multicast = 5,
}

/// <summary>
/// All packets of a family as flows and address atoms, and what the kernel's sets mean on them. Not for several threads
/// at once.
/// </summary>
internal sealed class PacketSpace
{
    private static readonly Cidr[] Loopback = [Cidr.Parse("127.0.0.0/8"), Cidr.Parse("::1/128")];
    private static readonly Cidr[] Groups = [Cidr.Parse("224.0.0.0/4"), Cidr.Parse("ff00::/8")];

    private static readonly Cidr[] NeverForwarded =
    [
        .. Loopback, .. Groups, Cidr.Parse("0.0.0.0/8"), Cidr.Parse("240.0.0.0/4"), Cidr.Parse("::/128"),
        Cidr.Parse("fe80::/10"),
    ];

    private readonly Dictionary<(string Set, int At, ByteKey Known), ImmutableArray<(KernelVerdict?, Bits)>> _groups =
        [];

    private readonly Dictionary<string, SetIndex> _indexes = new(StringComparer.Ordinal);
    private readonly Dictionary<Step, StepAnswer> _byFlow = new(ReferenceEqualityComparer.Instance);

    /// <param name="atoms">The addresses of the family.</param>
    /// <param name="borders">Where packets differ; those of <see cref="AddBorders"/> among them.</param>
    /// <param name="table">The kernel's table.</param>
    /// <param name="local">The addresses of the node itself.</param>
    public PacketSpace(AddressAtoms atoms, Borders borders, KernelTable table, IEnumerable<Address> local)
    {
        (Atoms, Table) = (atoms, table);
        Flows = [.. borders.Flows(Family)];
        AllFlows = Bits.Below(Flows.Length);
        All = PacketSet.Of(AllFlows, Atoms.All);
        Local = Atoms.Of(local).Or(Atoms.Of(Loopback));
        Multicast = Atoms.Of(Groups);
        Forwardable = Atoms.All.Except(Atoms.Of(NeverForwarded)).Except(Local);
    }

    public AddressFamily Family => Atoms.Family;

    public KernelTable Table { get; }

    public AddressAtoms Atoms { get; }

    public ImmutableArray<Flow> Flows { get; }

    public Bits AllFlows { get; }

    public PacketSet All { get; }

    /// <summary>The node's own addresses, the loopback's among them.</summary>
    public Bits Local { get; }

    public Bits Multicast { get; }

    /// <summary>Addresses of packets that routers pass on, and that are not the node's.</summary>
    public Bits Forwardable { get; }

    public static void AddBorders(Borders borders)
    {
        foreach (var block in NeverForwarded)
            borders.Add(block);
    }

    public AddressKind KindOf(Address address)
    {
        var atom = Atoms.AtomOf(address.Bits);
        return Local.Contains(atom) ? AddressKind.Local
            : Multicast.Contains(atom) ? AddressKind.Multicast
            : AddressKind.Unicast;
    }

    /// <summary>The flows that are in a port set.</summary>
    public Bits FlowsIn(PortSet ports) => FlowsWhere(flow => ports.Contains(flow.Protocol, flow.First));

    public Bits FlowsWhere(Func<Flow, bool> holds) =>
        Bits.Of(Enumerable.Range(0, Flows.Length).Where(i => holds(Flows[i])));

    /// <summary>What a step answers that looks at nothing but the flow: the same in every scene.</summary>
    public StepAnswer OfFlows(Step step, Func<StepAnswer> answer)
    {
        if (!_byFlow.TryGetValue(step, out var known))
            _byFlow[step] = known = answer();
        return known;
    }

    /// <summary>The element that a whole key finds, or null.</summary>
    public KernelElement? Find(KernelSet set, ImmutableArray<Field> fields, byte[] key)
    {
        if (!_indexes.TryGetValue(set.Name, out var index))
            _indexes[set.Name] = index = new(set);
        return index.Find(key, fields);
    }

    /// <summary>
    /// Which atoms, put in one place of a set's key beside known bytes, are found in it; of a map, per verdict.
    /// </summary>
    /// <param name="set">The set.</param>
    /// <param name="fields">The key's fields.</param>
    /// <param name="at">Which of them is the address.</param>
    /// <param name="key">The key, with nothing in the address' place.</param>
    public ImmutableArray<(KernelVerdict? Verdict, Bits Atoms)> Found(
        KernelSet set, ImmutableArray<Field> fields, int at, byte[] key)
    {
        var question = (set.Name, at, new ByteKey(key));
        if (_groups.TryGetValue(question, out var known))
            return known;
        var (offset, length) = KeyLayout.PlaceOf(fields, at);
        var runs = new Dictionary<KernelVerdict, List<(int, int)>>();
        foreach (var element in set.Elements)
        {
            if (!KeyLayout.Matches(element, key, fields, except: at))
                continue;
            var verdict = element.Verdict ?? default;
            if (!runs.TryGetValue(verdict, out var list))
                runs[verdict] = list = [];
            var end = offset + length;
            var range = AddressBytes.RangeOf(
                Family, fields[at].Mask, element.First[offset..end], element.Last[offset..end]);
            if (range is var (first, last))
                list.Add(Atoms.Run(first, last));
        }

        var found = runs.Select(pair => (set.IsMap ? pair.Key : (KernelVerdict?)null, Bits.Of(pair.Value)))
            .ToImmutableArray();
        return _groups[question] = found;
    }
}

/// <summary>How fields lie in the key of a set: one after the other, each padded to 4 bytes.</summary>
internal static class KeyLayout
{
    public static (int Offset, int Length) PlaceOf(ImmutableArray<Field> fields, int at)
    {
        var offset = 0;
        for (var i = 0; i < at; i++)
            offset += (fields[i].Length + 3) / 4 * 4;
        return (offset, fields[at].Length);
    }

    /// <summary>Whether a key is an element's, or lies in its range field by field.</summary>
    public static bool Matches(KernelElement element, byte[] key, ImmutableArray<Field> fields, int except = -1)
    {
        var offset = 0;
        for (var i = 0; i < fields.Length; i++)
        {
            var length = fields[i].Length;
            var part = key.AsSpan(offset, length);
            var outside = part.SequenceCompareTo(element.First.AsSpan(offset, length)) < 0
                || part.SequenceCompareTo(element.Last.AsSpan(offset, length)) > 0;
            if (i != except && outside)
                return false;
            offset += (length + 3) / 4 * 4;
        }

        return true;
    }
}
