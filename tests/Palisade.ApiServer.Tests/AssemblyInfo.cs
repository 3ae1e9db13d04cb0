[assembly: Xunit.CaptureConsole]
[assembly: Xunit.AssemblyFixture(typeof(Palisade.ApiServer.Tests.RunningServer))]
