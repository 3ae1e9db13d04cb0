using System.Net;
using System.Net.Sockets;
using static Palisade.Dataplane.Tests.Agent.AgentProcessTests;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>A TCP connection from frontend to web that is asked for an echo now and then.</summary>
internal sealed class KeptStream : IDisposable
{
    /// <summary>The port of web's that it goes to.</summary>
    public const ushort Port = 5000;

    private readonly AgentBench _bench;
    private readonly Socket _listener;
    private readonly Socket _client;
    private readonly Socket _server;

    public KeptStream(AgentBench bench)
    {
        _bench = bench;
        _listener = DriftTests.PlaceOf(bench, Web).Namespace.Run(Open);
        _listener.Bind(new IPEndPoint(IPAddress.Any, Port));
        _listener.Listen();
        _client = Connect();
        _server = _listener.Accept();
    }

    public int Exchanges { get; private set; }

    public void Exchange()
    {
        var word = BitConverter.GetBytes(++Exchanges);
        var buffer = new byte[4];
        foreach (var (from, to) in ((Socket, Socket)[])[(_client, _server), (_server, _client)])
        {
            from.Send(word);
            Assert.Equal(4, to.Receive(buffer));
            Assert.Equal(word, buffer);
        }
    }

    public bool Opens()
    {
        using var client = Connect();
        using var server = _listener.Accept();
        return client.Connected;
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _listener.Dispose();
    }

    private Socket Connect()
    {
        var client = DriftTests.PlaceOf(_bench, Frontend).Namespace.Run(Open);
        client.Connect(new IPEndPoint(IPAddress.Parse(Web.ToString()), Port));
        return client;
    }

    private static Socket Open() =>
        new(System.Net.Sockets.AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveTimeout = 10_000,
            SendTimeout = 10_000,
        };
}
