@echo off
cmd /c exit 300
echo %errorlevel%
cmd /c "exit /b 5"
echo %errorlevel%
cmd /c nosuchprogram
echo %errorlevel%
cmd /c "if"
echo %errorlevel%
cmd /s /c "echo "quoted" text"
cmd /c echo "kept" "quotes"
cmd /c "echo one & echo two"
cmd /c "echo "first and last go""
md "my tool" 2>nul
echo @echo tool [%%1]> "my tool\run it.bat"
cmd /c "my tool\run it.bat"
cmd /c "my tool\run it.bat" argument
cmd /c ""my tool\run it.bat" "an argument""
cmd /v:on /c "set x=5& echo !x!"
cmd /q /c "for %%i in (1 2) do echo %%i"
cmd /c "for %%i in (1) do @echo %%i"
cmd /d/c echo joined
cmd/c echo no blank
cmd /c echo %%undefined%% %%
cmd /u /c echo wide> wide.txt
for %%f in (wide.txt) do echo %%~zf
echo @exit /b 4 > four.cmd
cmd /c four
echo %errorlevel%
echo exit 6 | cmd /q > nul
echo %errorlevel%
cmd /c "exit /b 1" && echo yes || echo no
cmd /k exit 2
echo %errorlevel%
echo ) unexpected > bad1.bat
echo if 1==1 ( > bad2.bat
echo echo a ^& ^& echo b > bad3.bat
echo for %%%%i in 1 do echo > bad4.bat
for /l %%i in (1,1,4) do (
  cmd /c bad%%i.bat
  call echo code %%errorlevel%%
)
