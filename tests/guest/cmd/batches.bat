@echo off
echo start
> child.bat (
  echo @echo child %%1 %%~nx0 [%%*]
  echo @set CHILD=was here
  echo @exit /b 4
)
> other.cmd echo @echo other
call child.bat a "b c"
echo %errorlevel% %CHILD%
call child
echo %errorlevel%
call :sub one two
echo back %errorlevel%
call :sub2
echo %x%
call :recurse 3
call nosuchbatch 2>nul
echo level %errorlevel%
call :nosuchlabel 2>nul
echo level %errorlevel%
setlocal
set local=1
cd ..
endlocal
echo [%local%]
goto skip
echo never
:skip
goto :next
:next
cmd /c exit 12
echo %errorlevel% %=ExitCode%
cmd /c "exit /b 13"
echo %errorlevel%
cmd /c child.bat
echo %errorlevel%
ver > nul
echo %errorlevel%
cmd /c other & echo after
(goto :byebye) 2>nul
echo never
:byebye
echo %0 %~nx0
other.cmd
echo never reached
:sub
echo sub %1 %2 %0
exit /b 9
:sub2
setlocal
set x=inner
endlocal & set x=%x% from sub
goto :eof
:recurse
echo recurse %1
set /a n=%1-1
if %n% gtr 0 call :recurse %n%
echo unwind %1
exit /b 0
