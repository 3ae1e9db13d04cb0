using System.Text;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof.Space;

/// <summary>
/// Where packets begin to differ: what the policies and the kernel's rules compare addresses, ports, message types and
/// protocols with. A border that only the kernel has shows an interval that is off by one.
/// </summary>
internal sealed class Borders
{
    private const int Ports = 65536;
    private const int Types = 256;
    private readonly Dictionary<AddressFamily, List<(UInt128, UInt128)>> _addresses = new()
    {
        [AddressFamily.V4] = [],
        [AddressFamily.V6] = [],
    };

    private readonly Dictionary<byte, SortedSet<int>> _ports = new()
    {
        [Flow.Tcp] = [0],
        [Flow.Udp] = [0],
        [Flow.Sctp] = [0],
    };

    private readonly SortedSet<int> _types = [0];
    private readonly SortedSet<byte> _transports = [];

    /// <summary>The interface names that the kernel's rules mention.</summary>
    public HashSet<string> Interfaces { get; } = new(StringComparer.Ordinal);

    public void Add(Address address) => _addresses[address.Family].Add((address.Bits, address.Bits));

    public void Add(Cidr block) => _addresses[block.Family].Add((block.First.Bits, block.Last.Bits));

    public void Add(Address first, Address last) => _addresses[first.Family].Add((first.Bits, last.Bits));

    public void Add(PortSet ports)
    {
        foreach (var transport in _ports.Keys)
        {
            foreach (var range in ports.Ranges(new Flow(transport, 0, 0).Protocol))
                Cut(_ports[transport], range.First, range.Last);
        }
    }

    /// <summary>Message types of ICMP and ICMPv6 that are judged apart.</summary>
    public void AddMessageTypes(params ReadOnlySpan<byte> types)
    {
        foreach (var type in types)
            Cut(_types, type, type);
    }

    public void AddTransports(params ReadOnlySpan<byte> transports)
    {
        foreach (var transport in transports)
            _transports.Add(transport);
    }

    public void Add(KernelTable table)
    {
        foreach (var step in table.Chains.Values.SelectMany(chain => chain.Rules).SelectMany(rule => rule.Steps))
        {
            switch (step)
            {
                case CompareStep compare: Add(compare.Field, compare.Value, compare.Value); break;
                case RangeStep range: Add(range.Field, range.First, range.Last); break;
                case LookupStep lookup: Add(lookup.Fields, table.Sets.GetValueOrDefault(lookup.Set)); break;
                case DispatchStep dispatch: Add(dispatch.Fields, table.Sets.GetValueOrDefault(dispatch.Map)); break;
            }
        }
    }

    public AddressAtoms AtomsOf(AddressFamily family) => new(family, _addresses[family]);

    /// <summary>All packets by flow; every protocol number that nobody mentions is one of them.</summary>
    public List<Flow> Flows(AddressFamily family)
    {
        var flows = new List<Flow>();
        foreach (var (transport, starts) in _ports)
            AddRuns(flows, transport, starts, Ports);
        var messages = family == AddressFamily.V4 ? Flow.Icmp : Flow.Icmpv6;
        AddRuns(flows, messages, _types, Types);
        var others = _transports.Append((byte)(messages == Flow.Icmp ? Flow.Icmpv6 : Flow.Icmp)).Distinct()
            .Where(transport => !_ports.ContainsKey(transport) && transport != messages).ToList();
        flows.AddRange(others.Select(transport => new Flow(transport, 0, 0)));
        for (var nobodys = byte.MaxValue; nobodys > 0; nobodys--)
        {
            if (nobodys == messages || _ports.ContainsKey(nobodys) || others.Contains(nobodys))
                continue;
            flows.Add(new(nobodys, 0, 0));
            break;
        }

        return flows;
    }

    private static void AddRuns(List<Flow> flows, byte transport, SortedSet<int> starts, int limit)
    {
        var ordered = starts.ToList();
        for (var i = 0; i < ordered.Count; i++)
        {
            var end = i + 1 < ordered.Count ? ordered[i + 1] : limit;
            flows.Add(new(transport, (ushort)ordered[i], (ushort)(end - 1)));
        }
    }

    private static void Cut(SortedSet<int> starts, int first, int last)
    {
        var limit = last > byte.MaxValue ? Ports : int.MaxValue;
        starts.Add(first);
        if (last + 1 < limit)
            starts.Add(last + 1);
    }

    private void Add(IReadOnlyList<Field> fields, KernelSet? set)
    {
        foreach (var element in set?.Elements ?? [])
        {
            var offset = 0;
            foreach (var field in fields)
            {
                var end = offset + field.Length;
                Add(field, element.First[offset..end], element.Last[offset..end]);
                offset += (field.Length + 3) / 4 * 4;
            }
        }
    }

    private void Add(Field field, byte[] first, byte[] last)
    {
        if (PacketFields.AddressIn(field, v6: false) is not null)
            AddAddress(AddressFamily.V4, field, first, last);
        else if (PacketFields.AddressIn(field, v6: true) is not null)
            AddAddress(AddressFamily.V6, field, first, last);
        else if (PacketFields.IsPort(field))
        {
            foreach (var starts in _ports.Values)
                Cut(starts, first[0] << 8 | first[1], last[0] << 8 | last[1]);
        }
        else if (PacketFields.IsMessageType(field))
            Cut(_types, first[0], last[0]);
        else if (PacketFields.IsTransport(field))
        {
            for (int transport = first[0]; transport <= last[0]; transport++)
                _transports.Add((byte)transport);
        }
        else if (PacketFields.IsInterfaceName(field))
            Interfaces.Add(Encoding.UTF8.GetString(first).TrimEnd('\0'));
    }

    private void AddAddress(AddressFamily family, Field field, byte[] first, byte[] last)
    {
        if (AddressBytes.RangeOf(family, field.Mask, first, last) is var (low, high))
            _addresses[family].Add((low, high));
    }
}
