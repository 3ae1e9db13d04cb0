using System.Collections.Immutable;
using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>A policy by its name, which outlives its edits.</summary>
internal abstract class Slot(string name, int number)
{
    public string Name { get; } = name;

    /// <summary>A number that no other policy of the engine has.</summary>
    public int Number { get; } = number;

    /// <summary>The gates that the policy is part of.</summary>
    public List<GateCell> Cells { get; } = [];

    /// <summary>The port names that its egress rules leave to peers.</summary>
    public ImmutableArray<PortName> EgressNames { get; set; } = [];
}

/// <summary>A NetworkPolicy by its name.</summary>
internal sealed class PolicySlot(NamespaceName ns, string name, int number) : Slot(name, number)
{
    public NamespaceName Namespace { get; } = ns;

    /// <summary>Null when the policy is gone; the slot stays until the change is over.</summary>
    public CompiledNetworkPolicy? Compiled { get; set; }
}

/// <summary>A ClusterNetworkPolicy by its name.</summary>
internal sealed class ClusterSlot(string name, int number) : Slot(name, number)
{
    /// <summary>Null when the policy is gone; the slot stays until the change is over.</summary>
    public CompiledClusterPolicy? Compiled { get; set; }
}

/// <summary>What makes two gates the same gate: the policies by name, and what ingress port names stand for.</summary>
internal readonly record struct GateKey(
    Direction Direction, PolicySlot[] Isolating, ClusterSlot[] Cluster, ImmutableArray<NamedPort> Named)
{
    public bool Equals(GateKey other) => Direction == other.Direction
        && Isolating.AsSpan().SequenceEqual(other.Isolating) && Cluster.AsSpan().SequenceEqual(other.Cluster)
        && Named.AsSpan().SequenceEqual(other.Named.AsSpan());

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add((int)Direction);
        foreach (var slot in Isolating)
            hash.Add(slot.Number);
        foreach (var slot in Cluster)
            hash.Add(slot.Number);
        foreach (var port in Named)
            hash.Add(port);
        return hash.ToHashCode();
    }
}

/// <summary>A gate that some class has. What it says is built when asked for, and again when that changed.</summary>
internal sealed class GateCell(GateKey key, GateBuilder builder)
{
    private readonly GateName _name = new(key);
    private Gate? _gate, _last;

    public GateKey Key { get; } = key;

    /// <summary>How many classes have it in its direction.</summary>
    public int Users { get; set; }

    /// <summary>Whether the change under way has to do with it; then <see cref="Before"/> holds.</summary>
    public bool IsTouched { get; private set; }

    /// <summary>What it said before the change; null when no class had it.</summary>
    public Gate? Before { get; private set; }

    public Gate Gate
    {
        get
        {
            if (Volatile.Read(ref _gate) is { } known)
                return known;
            var built = builder.Build(Key, _name, Volatile.Read(ref _last));
            Volatile.Write(ref _last, null);
            return Interlocked.CompareExchange(ref _gate, built, null) ?? built;
        }
    }

    /// <summary>To be called before anything changes for it. Whether this is the first time within a change.</summary>
    public bool Touch()
    {
        if (IsTouched)
            return false;
        IsTouched = true;
        Before = Users > 0 ? Gate : null;
        return true;
    }

    /// <summary>Makes it say what it should say now.</summary>
    public void Forget()
    {
        _last = _gate ?? _last;
        _gate = null;
    }

    /// <summary>Ends a change.</summary>
    public void Close() => (IsTouched, Before) = (false, null);
}
