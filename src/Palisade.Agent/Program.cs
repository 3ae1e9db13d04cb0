using System.Runtime.InteropServices;
using Palisade.Agent;
using Palisade.Kubernetes.Client;
using Palisade.Nftables.Kernel;

// Pool threads that wait for sockets are missed by those that work: with as many as processors, which is how the pool
// begins, a wake-up can take half a second.
ThreadPool.SetMinThreads(16, 16);
var log = new AgentLog(Console.Error, TimeProvider.System);
return await AgentCommand.Create(RunAsync).Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false });

async Task<int> RunAsync(AgentOptions options, CancellationToken cancel)
{
    using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
    using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
    using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
    if (options.ExitWithStdin)
    {
        // The end of standard input is the polite way; the kernel's signal also reaches an agent that hangs.
        ProcessControl.DieWithParent(ProcessControl.ParentId);
        _ = StopWithStdinAsync(stop);
    }

    try
    {
        using var client = KubeClient.FromKubeconfig(options.Kubeconfig);
        await using var agent = new NodeAgent(options, client, log, Console.Out, TimeProvider.System);
        log.Inform("started", ("node", options.Node), ("server", client.Server), ("mode", options.Mode));
        await agent.RunAsync(stop.Token);
        return 0;
    }
    catch (InvalidDataException e)
    {
        log.Fail("bad-kubeconfig", ("reason", e.Message));
        return 2;
    }
    catch (KernelException e)
    {
        const string need = "CAP_NET_ADMIN in this network namespace and Linux 5.8 or newer";
        log.Fail("kernel-refused", ("reason", e.Message), ("need", need));
        return 3;
    }
}

static void Stop(PosixSignalContext context, CancellationTokenSource stop)
{
    context.Cancel = true;
    stop.Cancel();
}

static async Task StopWithStdinAsync(CancellationTokenSource stop)
{
    var buffer = new byte[256];
    await using var input = Console.OpenStandardInput();
    while (await input.ReadAsync(buffer) > 0)
    {
        // What is sent does not matter; the end does.
    }

    await stop.CancelAsync();
}
