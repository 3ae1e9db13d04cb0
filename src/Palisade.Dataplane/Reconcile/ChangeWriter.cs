using Palisade.Dataplane.Lower;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;

namespace Palisade.Dataplane.Reconcile;

/// <summary>
/// Writes changes of a table: one transaction where it may; what is larger than the socket can send at once in chunks,
/// each of which leaves a table that allows nothing that both the old and the new one deny.
/// </summary>
/// <param name="socket">The socket.</param>
/// <param name="largest">Bytes of the largest transaction.</param>
internal sealed class ChangeWriter(NftSocket socket, int largest)
{
    /// <summary>Most messages in one chunk, so that a huge first table does not hold the nf_tables lock for seconds.
    /// </summary>
    public const int ChunkMessages = 1000;

    /// <summary>
    /// When a chunk is large enough: some 5,000 elements. A hash set grows in a kernel thread, behind the transaction;
    /// 100,000 elements in one take 2.7 times the kernel's time, since they meet buckets that are still too few.
    /// </summary>
    public const int ChunkBytes = 64 << 10;

    /// <summary>Messages that one step may have: the base chains together, the largest, have less than 100.</summary>
    private const int StepMessages = 100;

    /// <summary>Bytes that one step may have: a thousand elements of an interface and an IPv6 address.</summary>
    private const int StepBytes = 120_000;

    private int _transactions;
    private long _messages;

    /// <summary>Writes the whole table where none is: in chunks, and without base chains no packet enters until the
    /// last.</summary>
    public Applied Build(Table table, TableChange change)
    {
        var steps = new ChangeSteps(change);
        Send(table, [transaction => transaction.AddTable(), .. steps.Prepare(), .. steps.Switch()]);
        return new(_transactions, _messages, true);
    }

    /// <summary>The old table goes and the new one comes in one transaction: no packet sees neither.</summary>
    /// <exception cref="TransactionTooLargeException">It is too large for that; nothing was sent.</exception>
    public Applied Replace(Table table, TableChange whole)
    {
        var steps = new ChangeSteps(whole);
        var transaction = new Transaction(table);
        transaction.DeleteTable();
        transaction.AddTable();
        foreach (var step in steps.Prepare().Concat(steps.Switch()))
            step(transaction);
        Commit(transaction);
        return new(_transactions, _messages, true);
    }

    /// <summary>
    /// A change of the table that is there: one transaction. One that is too large: first what nothing refers to, in
    /// chunks; then the change itself, and if that still is too large, new connections wait until it is whole.
    /// </summary>
    /// <param name="table">The table.</param>
    /// <param name="change">The change.</param>
    /// <param name="adopt">Whether the table is to be adopted first.</param>
    public Applied Change(Table table, TableChange change, bool adopt)
    {
        var steps = new ChangeSteps(change);
        Action<Transaction>[] first = adopt ? [transaction => transaction.AddTable()] : [];
        if (!TrySend(table, [.. first, .. steps.Prepare(), .. steps.Switch(), .. steps.Clear()]))
        {
            Send(table, [.. first, .. steps.Prepare()]);
            if (!TrySend(table, steps.Switch()))
                SwitchHeld(table, change, steps);
            Send(table, steps.Clear());
        }

        return new(_transactions, _messages, false);
    }

    /// <summary>
    /// While the change is not whole no connection begins; those that have begun go on. The chain in which that is said
    /// is written last as it is to be.
    /// </summary>
    private void SwitchHeld(Table table, TableChange change, ChangeSteps steps)
    {
        if (change.AddedChains.Any(chain => chain.Name == Names.Gates))
        {
            Send(table, steps.Switch());   // others deleted it: as where no table was, base chains come last
            return;
        }

        var gates = change.ChangedChains.FirstOrDefault(chain => chain.Name == Names.Gates)
            ?? socket.Dump(table.Family, table.Name)?.Chains.FirstOrDefault(chain => chain.Name == Names.Gates)
            ?? throw new KernelException($"chain {Names.Gates} of {table} is gone: others deleted it", Errno.ENOENT);
        var rest = new ChangeSteps(change with { ChangedChains = change.ChangedChains.Remove(gates) });
        Send(table, [Hold, .. rest.Switch()]);
        Send(table, [transaction => Release(transaction, gates)]);
    }

    private static void Hold(Transaction transaction)
    {
        // In front of all others, so the last one is the first: the node's own neighbour discovery goes on.
        transaction.InsertRule(Names.Gates, BaseChains.HoldNew);
        transaction.InsertRule(Names.Gates, BaseChains.NodeDiscovery);
    }

    private static void Release(Transaction transaction, Chain gates)
    {
        transaction.FlushChain(gates.Name);
        foreach (var rule in gates.Rules)
            transaction.AddRule(gates.Name, rule);
    }

    private bool TrySend(Table table, IEnumerable<Action<Transaction>> steps)
    {
        var transaction = new Transaction(table);
        foreach (var step in steps)
        {
            step(transaction);
            if (transaction.SizeInBytes + Transaction.EndBytes > largest)
                return false;
        }

        Commit(transaction);
        return true;
    }

    private void Send(Table table, IEnumerable<Action<Transaction>> steps)
    {
        var transaction = new Transaction(table);
        foreach (var step in steps)
        {
            var full = transaction.MessageCount + StepMessages > ChunkMessages || transaction.SizeInBytes > ChunkBytes
                || transaction.SizeInBytes + StepBytes > largest;
            if (full && transaction.MessageCount > 0)
            {
                Commit(transaction);
                transaction = new(table);
            }

            step(transaction);
        }

        Commit(transaction);
    }

    private void Commit(Transaction transaction)
    {
        if (transaction.MessageCount == 0)
            return;
        socket.Commit(transaction);
        _transactions++;
        _messages += transaction.MessageCount;
    }
}
