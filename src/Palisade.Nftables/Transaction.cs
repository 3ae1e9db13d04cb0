using System.Collections.Immutable;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Netlink;
using Palisade.Nftables.Wire;

namespace Palisade.Nftables;

/// <summary>
/// Changes of one table that the kernel makes all together or not at all, in this order. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// Each method appends one nf_tables message (element lists: one for every 32 kB). nfgenmsg behind each header:
///   family u8 · version u8 · resource u16.
/// Names are resolved in order: a chain must be added before a rule or element that jumps to it.
/// </remarks>
public sealed class Transaction
{
    private readonly NetlinkBuffer _buffer = new();
    private readonly List<(int Offset, string What)> _messages = [];
    private readonly Table _table;
    private uint _lastSetId;

    /// <summary>An empty transaction on a table.</summary>
    public Transaction(Table table)
    {
        _table = table;
        AppendBatchBorder(NftConstants.BatchBegin, 0);
    }

    /// <summary>How many messages it has; an empty one is not sent at all.</summary>
    public int MessageCount => _messages.Count;

    /// <summary>Bytes that the end of the batch adds to <see cref="SizeInBytes"/> when it is sent.</summary>
    public const int EndBytes = 20;

    /// <summary>
    /// Its size so far in bytes: a batch is one datagram, limited by <see cref="NftSocket.LargestTransaction"/>.
    /// </summary>
    public int SizeInBytes => _buffer.Length;

    /// <summary>
    /// Adds the table; one that is there stays. With Owner and Persist, it adopts one that persisted without an owner.
    /// </summary>
    /// <remarks>
    /// EPERM: another socket owns it. EOPNOTSUPP: it is there and was never owned (ownership comes at creation only),
    /// or the kernel does not know the flag.
    /// </remarks>
    public void AddTable()
    {
        Begin(NftConstants.NewTable, NetlinkConstants.Create, $"add table {_table}");
        _buffer.PutString(1, _table.Name);
        _buffer.PutBig32(2, (uint)_table.Flags);
        if (_table.Comment is not null)
            _buffer.Put(6, NftComment.Encode(_table.Comment));
        _buffer.End();
    }

    /// <summary>Deletes the table with all that is in it; ENOENT when there is none.</summary>
    public void DeleteTable()
    {
        Begin(NftConstants.DeleteTable, 0, $"delete table {_table}");
        _buffer.PutString(1, _table.Name);
        _buffer.End();
    }

    /// <summary>Deletes the table if it is there (adds it first, which works on every kernel).</summary>
    public void DestroyTable()
    {
        AddTable();
        DeleteTable();
    }

    /// <summary>Adds a counter with the counts it has.</summary>
    public void AddCounter(NamedCounter counter)
    {
        Begin(NftConstants.NewObject, NetlinkConstants.Create, $"add counter {counter.Name}");
        ChainWire.Encode(_buffer, _table.Name, counter);
        _buffer.End();
    }

    /// <summary>Deletes a counter that nothing refers to.</summary>
    public void DeleteCounter(string name)
    {
        Begin(NftConstants.DeleteObject, 0, $"delete counter {name}");
        _buffer.PutString(1, _table.Name);
        _buffer.PutString(2, name);
        _buffer.PutBig32(3, CounterReference.CounterType);
        _buffer.End();
    }

    /// <summary>Adds a set or map without elements.</summary>
    public void AddSet(SetDefinition set)
    {
        Begin(NftConstants.NewSet, NetlinkConstants.Create, $"add set {set.Name}");
        SetWire.Encode(_buffer, _table.Name, set, ++_lastSetId, anonymousSize: null);
        _buffer.End();
    }

    /// <summary>Deletes a set that no rule refers to.</summary>
    public void DeleteSet(string name)
    {
        Begin(NftConstants.DeleteSet, 0, $"delete set {name}");
        _buffer.PutString(1, _table.Name);
        _buffer.PutString(2, name);
        _buffer.End();
    }

    /// <summary>Adds elements; one that is there already is no error (EEXIST where its verdict differs).</summary>
    public void AddElements(SetDefinition set, IEnumerable<Element> elements) =>
        AppendElements(NftConstants.NewElement, NetlinkConstants.Create, set, elements, 0, "add elements to");

    /// <summary>Deletes elements; ENOENT when one is not there.</summary>
    public void DeleteElements(SetDefinition set, IEnumerable<Element> elements) =>
        AppendElements(NftConstants.DeleteElement, 0, set, elements, 0, "delete elements of");

    /// <summary>Deletes all elements of a set.</summary>
    public void FlushSet(string name)
    {
        Begin(NftConstants.DeleteElement, 0, $"flush set {name}");
        _buffer.PutString(1, _table.Name);
        _buffer.PutString(2, name);
        _buffer.End();
    }

    /// <summary>
    /// Adds a chain without its rules; one that is there keeps its rules, and a base chain takes the new policy.
    /// </summary>
    public void AddChain(Chain chain)
    {
        Begin(NftConstants.NewChain, NetlinkConstants.Create, $"add chain {chain.Name}");
        ChainWire.Encode(_buffer, _table.Name, chain);
        _buffer.End();
    }

    /// <summary>Deletes a chain that is empty (or flushed in this transaction) and that nothing jumps to.</summary>
    public void DeleteChain(string name)
    {
        Begin(NftConstants.DeleteChain, 0, $"delete chain {name}");
        _buffer.PutString(1, _table.Name);
        _buffer.PutString(3, name);
        _buffer.End();
    }

    /// <summary>Deletes all rules of a chain.</summary>
    public void FlushChain(string name)
    {
        Begin(NftConstants.DeleteRule, 0, $"flush chain {name}");
        _buffer.PutString(1, _table.Name);
        _buffer.PutString(2, name);
        _buffer.End();
    }

    /// <summary>Appends a rule, with its anonymous sets.</summary>
    public void AddRule(string chain, Rule rule) =>
        AppendRule(chain, rule, NetlinkConstants.Create | NetlinkConstants.Append, handle: 0, $"add rule to {chain}");

    /// <summary>Puts a rule before all others of its chain.</summary>
    public void InsertRule(string chain, Rule rule) =>
        AppendRule(chain, rule, NetlinkConstants.Create, handle: 0, $"insert rule into {chain}");

    /// <summary>Puts a rule in the place of the one with a handle (from a dump).</summary>
    public void ReplaceRule(string chain, ulong handle, Rule rule) =>
        AppendRule(chain, rule, NetlinkConstants.Replace, handle, $"replace rule {handle} of {chain}");

    /// <summary>Deletes the rule with a handle (from a dump).</summary>
    public void DeleteRule(string chain, ulong handle)
    {
        Begin(NftConstants.DeleteRule, 0, $"delete rule {handle} of {chain}");
        _buffer.PutString(1, _table.Name);
        _buffer.PutString(2, chain);
        _buffer.PutBig64(3, handle);
        _buffer.End();
    }

    /// <summary>Adds a whole table: counters, chains, sets, elements, then rules, each in its order.</summary>
    public void AddRuleset(Ruleset ruleset)
    {
        AddTable();
        foreach (var counter in ruleset.Counters)
            AddCounter(counter);
        foreach (var chain in ruleset.Chains)
            AddChain(chain);
        foreach (var set in ruleset.Sets)
        {
            AddSet(set.Definition);
            AddElements(set.Definition, set.Elements);
        }

        foreach (var chain in ruleset.Chains)
        {
            foreach (var rule in chain.Rules)
                AddRule(chain.Name, rule);
        }
    }

    /// <summary>The datagram: batch begin, the messages (the last of them asks for an ack), batch end.</summary>
    internal ReadOnlySpan<byte> Finish()
    {
        _buffer.AddFlag(_messages[^1].Offset, NetlinkConstants.Ack);
        AppendBatchBorder(NftConstants.BatchEnd, (uint)_messages.Count + 1);
        return _buffer.Written;
    }

    /// <summary>What the message with a sequence number does; messages are numbered from 1.</summary>
    internal string Describe(uint sequence) =>
        sequence >= 1 && sequence <= _messages.Count ? _messages[(int)sequence - 1].What : $"commit to {_table}";

    private void AppendRule(string chain, Rule rule, int flags, ulong handle, string what)
    {
        var expressions = rule.Expressions.Select(AppendAnonymousSet).ToImmutableArray();
        Begin(NftConstants.NewRule, flags, $"{what}: {NftText.Print(rule, _table.Family)}");
        _buffer.PutString(1, _table.Name);
        _buffer.PutString(2, chain);
        if (handle != 0)
            _buffer.PutBig64(3, handle);
        var nest = _buffer.BeginNest(4);
        foreach (var expression in expressions)
            expression.Encode(_buffer);
        _buffer.EndNest(nest);
        if (rule.Comment is not null)
            _buffer.Put(7, NftComment.Encode(rule.Comment));
        _buffer.End();
    }

    /// <summary>
    /// Sends the set a lookup carries under a temporary name, and makes the lookup refer to it by number.
    /// </summary>
    private Expression AppendAnonymousSet(Expression expression)
    {
        if (expression is not Lookup { Anonymous: { } set } lookup)
            return expression;
        var id = ++_lastSetId;
        var name = set.Definition.IsMap ? "__map%d" : "__set%d";   // the kernel fills the number in
        var definition = set.Definition with { Name = name };
        Begin(NftConstants.NewSet, NetlinkConstants.Create, "add anonymous set");
        SetWire.Encode(_buffer, _table.Name, definition, id, set.Elements.Length * (definition.IsInterval ? 2 : 1));
        _buffer.End();
        AppendElements(
            NftConstants.NewElement, NetlinkConstants.Create, definition, set.Elements, id, "add elements to");
        return lookup with { Anonymous = null, Set = name, SetId = id };
    }

    private void AppendElements(
        ushort type, int flags, SetDefinition set, IEnumerable<Element> elements, uint setId, string what)
    {
        using var rest = elements.GetEnumerator();
        var more = rest.MoveNext();
        while (more)
        {
            Begin(type, flags, $"{what} {set.Name}");
            _buffer.PutString(1, _table.Name);
            _buffer.PutString(2, set.Name);
            if (setId != 0)
                _buffer.PutBig32(4, setId);
            var nest = _buffer.BeginNest(3);
            for (; more && _buffer.Length - nest < ElementWire.MaxElementBytes; more = rest.MoveNext())
                ElementWire.Encode(_buffer, set, rest.Current, withContents: type == NftConstants.NewElement);
            _buffer.EndNest(nest);
            _buffer.End();
        }
    }

    private void Begin(ushort type, int flags, string what)
    {
        _messages.Add((_buffer.Length, what));
        _buffer.Begin(type, (ushort)(flags | NetlinkConstants.Request), (uint)_messages.Count);
        _buffer.Append([(byte)_table.Family, 0, 0, 0]);
    }

    private void AppendBatchBorder(ushort type, uint sequence)
    {
        _buffer.Begin(type, NetlinkConstants.Request, sequence);
        _buffer.Append([0, 0, 0, NftConstants.Subsystem]);   // resource u16 big-endian: the subsystem
        _buffer.End();
    }
}
