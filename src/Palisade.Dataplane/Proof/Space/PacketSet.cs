namespace Palisade.Dataplane.Proof.Space;

/// <summary>Packets of these flows from (or to) any of these addresses.</summary>
internal readonly record struct Block(Bits Flows, Bits Addresses);

/// <summary>
/// A set of (flow, address) as blocks whose flows are disjoint and whose addresses differ: as many blocks as flows are
/// treated differently, however many addresses there are. Immutable.
/// </summary>
internal sealed class PacketSet
{
    private readonly List<Block> _blocks;

    private PacketSet(List<Block> blocks) => _blocks = blocks;

    public static PacketSet None { get; } = new([]);

    public IReadOnlyList<Block> Blocks => _blocks;

    public bool IsEmpty => _blocks.Count == 0;

    /// <summary>How many pairs are in it.</summary>
    public long Count => _blocks.Sum(block => (long)block.Flows.Count * block.Addresses.Count);

    public static PacketSet Of(Bits flows, Bits addresses) =>
        flows.IsEmpty || addresses.IsEmpty ? None : new([new(flows, addresses)]);

    public PacketSet Intersect(PacketSet other)
    {
        if (ReferenceEquals(this, other))
            return this;
        var blocks = new List<Block>();
        foreach (var mine in _blocks)
        {
            foreach (var its in other._blocks)
            {
                var flows = mine.Flows.And(its.Flows);
                if (!flows.IsEmpty)
                    Add(blocks, flows, mine.Addresses.And(its.Addresses));
            }
        }

        return Made(blocks);
    }

    public PacketSet Except(PacketSet other)
    {
        if (ReferenceEquals(this, other))
            return None;
        if (other.IsEmpty)
            return this;
        var blocks = new List<Block>();
        foreach (var mine in _blocks)
        {
            var left = mine.Flows;
            foreach (var its in other._blocks)
            {
                var flows = left.And(its.Flows);
                if (flows.IsEmpty)
                    continue;
                Add(blocks, flows, mine.Addresses.Except(its.Addresses));
                left = left.Except(flows);
            }

            Add(blocks, left, mine.Addresses);
        }

        return Made(blocks);
    }

    public PacketSet Union(PacketSet other)
    {
        if (IsEmpty || ReferenceEquals(this, other))
            return other;
        if (other.IsEmpty)
            return this;
        var blocks = new List<Block>();
        var theirs = other._blocks.Select(block => block.Flows).ToArray();
        foreach (var mine in _blocks)
        {
            var left = mine.Flows;
            for (var i = 0; i < theirs.Length; i++)
            {
                var flows = left.And(theirs[i]);
                if (flows.IsEmpty)
                    continue;
                Add(blocks, flows, mine.Addresses.Or(other._blocks[i].Addresses));
                left = left.Except(flows);
                theirs[i] = theirs[i].Except(flows);
            }

            Add(blocks, left, mine.Addresses);
        }

        for (var i = 0; i < theirs.Length; i++)
            Add(blocks, theirs[i], other._blocks[i].Addresses);
        return Made(blocks);
    }

    private static PacketSet Made(List<Block> blocks) => blocks.Count == 0 ? None : new(blocks);

    /// <summary>Flows with the same addresses are one block.</summary>
    private static void Add(List<Block> blocks, Bits flows, Bits addresses)
    {
        if (flows.IsEmpty || addresses.IsEmpty)
            return;
        for (var i = 0; i < blocks.Count; i++)
        {
            if (!blocks[i].Addresses.Equals(addresses))
                continue;
            blocks[i] = new(blocks[i].Flows.Or(flows), addresses);
            return;
        }

        blocks.Add(new(flows, addresses));
    }
}
