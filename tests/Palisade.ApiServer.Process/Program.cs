using Palisade.ApiServer;

// An API server on the data directory that is the only argument; its kubeconfig goes into that directory, `ready` and
// the port to standard output. It ends with its standard input.
if (args is not [var directory])
{
    Console.Error.WriteLine("usage: Palisade.ApiServer.Process DIRECTORY");
    return 2;
}

try
{
    await using var server = await EmbeddedApiServer.StartAsync(new ApiServerOptions
    {
        DataDirectory = directory,
        RequestsPerSecond = 1_000_000,
    });
    var kubeconfig = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(server.KubeconfigText));
    Console.WriteLine($"ready {server.Url} {kubeconfig}");
    while (await Console.In.ReadLineAsync() is not null)
    {
        // Until the end.
    }

    return 0;
}
catch (IOException refusal)
{
    Console.Error.WriteLine(refusal.Message);
    return 1;
}
