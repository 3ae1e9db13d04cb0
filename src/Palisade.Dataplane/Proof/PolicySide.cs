using System.Collections.Immutable;
using Palisade.Dataplane.Proof.Space;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>
/// What the policies say of all peers of a family at once. Peers of one class in one CIDR atom are one question to the
/// compiled policy, the question that the evaluator asks for each connection; an address that several pods have is a
/// question about each.
/// </summary>
internal sealed class PolicySide
{
    private readonly CompiledPolicy _policy;
    private readonly AddressAtoms _atoms;
    private readonly int[] _keyOf;
    private readonly List<(ImmutableArray<int> Classes, Address Address)> _keys = [];
    private readonly Dictionary<(string Gate, bool Exempt), PortSet[]> _ports = [];
    private readonly Dictionary<string, PacketSet> _allowed = new(StringComparer.Ordinal);

    public PolicySide(CompiledPolicy policy, AddressAtoms atoms, LocalEnds ends)
    {
        (_policy, _atoms) = (policy, atoms);
        var known = new Dictionary<(string Classes, int Atom), int>();
        _keyOf = new int[atoms.Count];
        for (var atom = 0; atom < atoms.Count; atom++)
        {
            var address = new Address(atoms.Family, atoms.FirstOf(atom));
            ImmutableArray<int> classes =
                atoms.FirstOf(atom) == atoms.LastOf(atom) && ends.OwnersOf.TryGetValue(address, out var pods)
                    ? [.. pods.Select(policy.ClassOf).Distinct().Order()]
                    : [-1];
            var key = (string.Join(' ', classes), policy.Atoms.AtomOf(address));
            if (!known.TryGetValue(key, out var index))
            {
                known[key] = index = _keys.Count;
                _keys.Add((classes, address));
            }

            _keyOf[atom] = index;
        }
    }

    /// <summary>Every port set that some gate of the node gives some peer: where ports begin to differ.</summary>
    public void AddBorders(Borders borders, IEnumerable<Gate> gates)
    {
        var seen = new HashSet<PortSet>();
        foreach (var gate in gates)
        {
            foreach (var ports in PortsOf(gate, exempt: false).Where(seen.Add))
                borders.Add(ports);
            foreach (var ports in gate.ClusterPolicies.IsEmpty ? [] : PortsOf(gate, exempt: true).Where(seen.Add))
                borders.Add(ports);
        }
    }

    /// <summary>What a gate lets through, peers being open.</summary>
    public PacketSet Allowed(Gate gate, PacketSpace space)
    {
        if (_allowed.TryGetValue(gate.Id, out var known))
            return known;
        var ports = PortsOf(gate, exempt: false);
        var sets = new List<PortSet>();
        var numbers = new Dictionary<PortSet, int>();
        var setOfKey = new int[ports.Length];
        for (var key = 0; key < ports.Length; key++)
        {
            if (!numbers.TryGetValue(ports[key], out setOfKey[key]))
            {
                numbers[ports[key]] = setOfKey[key] = sets.Count;
                sets.Add(ports[key]);
            }
        }

        var runs = RunsBySet(setOfKey, sets.Count);
        var allowed = PacketSet.None;
        for (var set = 0; set < sets.Count; set++)
            allowed = allowed.Union(PacketSet.Of(space.FlowsIn(sets[set]), Bits.Of(runs[set])));
        return _allowed[gate.Id] = allowed;
    }

    /// <summary>For each port set the runs of atoms that have it.</summary>
    private List<(int First, int Last)>[] RunsBySet(int[] setOfKey, int sets)
    {
        var runs = new List<(int First, int Last)>[sets];
        for (var set = 0; set < sets; set++)
            runs[set] = [];
        var first = 0;
        for (var atom = 1; atom <= _keyOf.Length; atom++)
        {
            if (atom < _keyOf.Length && setOfKey[_keyOf[atom]] == setOfKey[_keyOf[first]])
                continue;
            runs[setOfKey[_keyOf[first]]].Add((first, atom - 1));
            first = atom;
        }

        return runs;
    }

    /// <summary>What a gate lets through for the peer at one atom.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="atom">Where the peer is.</param>
    /// <param name="exempt">Whether NetworkPolicies exempt the peer: the pod itself or its node.</param>
    public PortSet PortsAt(Gate gate, int atom, bool exempt) =>
        PortsOf(gate, exempt)[_keyOf[atom]];

    private PortSet[] PortsOf(Gate gate, bool exempt)
    {
        if (!_ports.TryGetValue((gate.Id, exempt), out var ports))
        {
            ports = new PortSet[_keys.Count];
            for (var key = 0; key < ports.Length; key++)
            {
                var (classes, address) = _keys[key];
                ports[key] = classes.Select(of => _policy.PortsFor(gate, of, address, exempt))
                    .Aggregate((one, other) => one.Intersect(other));
            }

            _ports[(gate.Id, exempt)] = ports;
        }

        return ports;
    }
}
